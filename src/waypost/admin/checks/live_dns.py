"""Which of the DNS records that a domain should publish are published now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from waypost.core.errors import NamesUnavailable, SettingsError
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.transports.dns import CachingResolver
from waypost.formats.dns.records import CnameData, Record, SrvData
from waypost.net.dns.resolver import read_server

ANSWER_SECONDS: Final = 1.5
TOTAL_SECONDS: Final = 4.0
LiveState = Literal["published", "different", "missing", "unknown"]


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """A record, and what DNS says about it.

    Attributes:
        name, type, value: as in a zone file, with absolute names.
        state: whether DNS has it; `unknown` if DNS did not answer in time.
        found: what DNS has instead.
    """

    name: str
    type: str
    value: str
    state: LiveState
    found: tuple[str, ...] = ()


def live_records(records: Iterable[Record], server: str = "system") -> Iterator[LiveRecord]:
    """Look up records, within a few seconds for all together.

    Args:
        records: what should be published.
        server: the address of a resolver, or `system`.
    """
    try:
        resolver = CachingResolver(read_server(server), ANSWER_SECONDS, TOTAL_SECONDS)
    except SettingsError:  # This machine has no resolver.
        for record in records:
            yield _live(record, "unknown")
        return
    for record in records:
        try:
            yield _look_up(record, resolver)
        except NamesUnavailable:
            yield _live(record, "unknown")


def _look_up(record: Record, resolver: CachingResolver) -> LiveRecord:
    """Look up one record. A host may have addresses instead of a CNAME.

    Raises:
        NamesUnavailable: DNS does not answer.
    """
    data = record.data
    if isinstance(data, CnameData):
        aliases = resolver(DnsLookup("CNAME", record.name))
        if any(one.data == data.target.lower() for one in aliases):
            return _live(record, "published")
        hosts = aliases or resolver(DnsLookup("A", record.name))
        hosts = hosts or resolver(DnsLookup("AAAA", record.name))
        found = tuple(one.data for one in hosts)
    elif isinstance(data, SrvData):
        answers = resolver(DnsLookup("SRV", record.name))
        wanted = data.priority, data.weight, data.port, data.target.lower()
        if any((one.priority, one.weight, one.port, one.data) == wanted for one in answers):
            return _live(record, "published")
        found = tuple(f"{one.priority} {one.weight} {one.port} {one.data}." for one in answers)
    else:
        texts = resolver(DnsLookup("TXT", record.name))
        if any(one.data == data.text for one in texts):
            return _live(record, "published")
        found = tuple(one.data for one in texts)
    return _live(record, "different" if found else "missing", found)


def _live(record: Record, state: LiveState, found: tuple[str, ...] = ()) -> LiveRecord:
    return LiveRecord(record.name, record.data.type, record.rdata_text(), state, found)
