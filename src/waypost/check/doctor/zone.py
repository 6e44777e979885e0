"""What the domain publishes in DNS, against what it should publish."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from waypost.check.doctor.faults import Finding, found
from waypost.check.doctor.visit import Visit
from waypost.check.recorded.names import Lookup, Named
from waypost.check.schema_probes import LABELS, digest, pacc_document
from waypost.errors import NamesUnavailable
from waypost.formats.dns import Record, ServiceAt, Text

_VOUCHED_ELSEWHERE = "v=UAAC1"
_CALENDARS = ("_caldavs._tcp.", "_carddavs._tcp.")  # RFC 6764 s3


def zone_findings(visit: Visit, wanted: Sequence[Record]) -> Iterator[Finding]:
    """Compare service records and texts, and look at where service records lead.

    Args:
        visit: the domain.
        wanted: what should be published; none where nobody knows.

    Nothing is said about a name for which DNS gives no answer.
    """
    for name, places in _places(wanted).items():
        with suppress(NamesUnavailable):
            yield from _service(visit, name, places)
    for record in wanted:
        if isinstance(record.data, Text) and not record.data.text.startswith(_VOUCHED_ELSEWHERE):
            with suppress(NamesUnavailable):
                yield from _text(visit, record.name, record.data.text)
    names = dict.fromkeys(f"{label}._tcp.{visit.domain}" for label, _, _ in LABELS)
    for name in names | dict.fromkeys(_places(wanted)):
        with suppress(NamesUnavailable):
            yield from _targets(visit, name)
    # It compares with the document that is served, and so with what clients find. Where nobody
    # answers, the findings about the name tell why.
    if pacc_document(visit.asked).status:
        with suppress(NamesUnavailable):
            for what in digest(visit.asked):
                yield found("pacc-digest", f"_ua-auto-config.{visit.domain}", what)


def _places(wanted: Sequence[Record]) -> dict[str, set[tuple[str, int]]]:
    """Return the hosts and ports that should be published, by the name of their records."""
    by_name: dict[str, set[tuple[str, int]]] = {}
    for record in wanted:
        if isinstance(record.data, ServiceAt):
            places = by_name.setdefault(record.name, set())
            places |= {(record.data.target, record.data.port)} if record.data.target else set()
    return by_name


def _service(visit: Visit, name: str, places: set[tuple[str, int]]) -> Iterator[Finding]:
    records = visit.records(Lookup("SRV", name))
    published = {(one.data, one.port) for one in records if one.data}
    if places and not records:
        yield found(_code_of_missing(name, places, visit.domain), name, f"SRV {_said(places)}")
    elif places != published and records:
        seen = _said(published) or "that there is no such service"
        yield found("dns-different", name, f"SRV {seen} instead of {_said(places) or 'none'}")


def _code_of_missing(name: str, places: set[tuple[str, int]], domain: str) -> str:
    # Seen with Thunderbird 153.8: it drops what a redirect of a well-known place to another host
    # leads to, and looks for no calendar by http.
    leads_away = any(host != domain for host, _ in places)
    is_calendar = name.startswith(_CALENDARS)
    return "dns-missing-calendar" if is_calendar and leads_away else "dns-missing"


def _text(visit: Visit, name: str, text: str) -> Iterator[Finding]:
    """Look for a text; the digest is compared with the document itself."""
    if text not in {one.data for one in visit.records(Lookup("TXT", name))}:
        yield found("dns-missing", name, f"TXT {text}")


def _targets(visit: Visit, name: str) -> Iterator[Finding]:
    for record in _leading(visit.records(Lookup("SRV", name))):
        with suppress(NamesUnavailable):
            alias = visit.records(Lookup("CNAME", record.data))
            if alias:
                yield found("srv-alias", name, f"{record.data} is an alias of {alias[0].data}")
            elif not visit.addresses(record.data):
                yield found("srv-target", name, f"{record.data} has no A or AAAA record")


def _leading(records: Sequence[Named]) -> list[Named]:
    # RFC 2782: a target of "." says that there is no such service.
    return [one for one in records if one.data][:10]


def _said(places: set[tuple[str, int]]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in sorted(places))
