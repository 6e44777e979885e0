"""Zones for the records: the records that Waypost shows for a domain, and those of others."""

from collections.abc import Mapping

from tests.golden.cases import Case
from waypost.core.model import ClientConfig
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, RecordType, Resolver
from waypost.formats import dns

PUBLIC = "waypost.example.net"

Zone = Mapping[tuple[RecordType, str], tuple[DnsAnswer, ...]]


def published(case: Case) -> dict[tuple[RecordType, str], tuple[DnsAnswer, ...]]:
    """Return the published records of the domain of a golden case, as a resolver returns them."""
    return zone_of(case.config(alone=True))


def zone_of(config: ClientConfig) -> dict[tuple[RecordType, str], tuple[DnsAnswer, ...]]:
    """Return the published records of a domain, as a resolver returns them."""
    zone: dict[tuple[RecordType, str], tuple[DnsAnswer, ...]] = {}
    for record in dns.records_of(config, f"https://{PUBLIC}").records:
        data = record.data
        if isinstance(data, dns.SrvData):
            named = DnsAnswer(data.target, data.priority, data.weight, data.port)
            zone["SRV", record.name] = (*zone.get(("SRV", record.name), ()), named)
        elif isinstance(data, dns.TxtData):
            zone["TXT", record.name] = (*zone.get(("TXT", record.name), ()), DnsAnswer(data.text))
    return zone


def resolver(zone: Zone) -> Resolver:
    """Return a resolver that knows only a zone."""

    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        return zone.get((lookup.type, lookup.name), ())

    return resolve
