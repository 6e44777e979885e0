"""Comparison of the DNS records of a domain with those that it should publish."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.conformance.schema_probes import LABELS, digest, pacc_document
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.formats.dns import Record, ServiceAt, Text

_PACC_DIGEST = "v=UAAC1"
_CALENDARS = ("_caldavs._tcp.", "_carddavs._tcp.")  # RFC 6764 s3


def zone_findings(context: DoctorContext, wanted: Sequence[Record]) -> Iterator[Diagnostic]:
    """Compare SRV and TXT records, and check the targets of SRV records.

    Args:
        context: the domain.
        wanted: the records that should be published; none if they are unknown.

    There is no finding for a name if DNS does not answer.
    """
    for name, places in _places(wanted).items():
        with suppress(NamesUnavailable):
            yield from _service(context, name, places)
    for record in wanted:
        if isinstance(record.data, Text) and not record.data.text.startswith(_PACC_DIGEST):
            with suppress(NamesUnavailable):
                yield from _text(context, record.name, record.data.text)
    names = dict.fromkeys(f"{label}._tcp.{context.domain}" for label, _, _ in LABELS)
    for name in names | dict.fromkeys(_places(wanted)):
        with suppress(NamesUnavailable):
            yield from _targets(context, name)
    # The digest is compared with the document that clients get. If no server answers, the findings
    # about the name say why.
    if pacc_document(context.target).status:
        with suppress(NamesUnavailable):
            for what in digest(context.target):
                yield doctor_diagnostic("pacc-digest", f"_ua-auto-config.{context.domain}", what)


def _places(wanted: Sequence[Record]) -> dict[str, set[tuple[str, int]]]:
    """Return the hosts and ports that should be published, by the name of their records."""
    by_name: dict[str, set[tuple[str, int]]] = {}
    for record in wanted:
        if isinstance(record.data, ServiceAt):
            places = by_name.setdefault(record.name, set())
            places |= {(record.data.target, record.data.port)} if record.data.target else set()
    return by_name


def _service(
    context: DoctorContext, name: str, places: set[tuple[str, int]]
) -> Iterator[Diagnostic]:
    records = context.records(DnsLookup("SRV", name))
    published = {(one.data, one.port) for one in records if one.data}
    if places and not records:
        yield doctor_diagnostic(
            _code_of_missing(name, places, context.domain), name, f"SRV {_said(places)}"
        )
    elif places != published and records:
        seen = _said(published) or "that there is no such service"
        yield doctor_diagnostic(
            "dns-different", name, f"SRV {seen} instead of {_said(places) or 'none'}"
        )


def _code_of_missing(name: str, places: set[tuple[str, int]], domain: str) -> str:
    # Seen with Thunderbird 153.8: it drops the target of a redirect from a well-known URL to
    # another host, and searches for no calendar over http.
    is_elsewhere = any(host != domain for host, _ in places)
    is_calendar = name.startswith(_CALENDARS)
    return "dns-missing-calendar" if is_calendar and is_elsewhere else "dns-missing"


def _text(context: DoctorContext, name: str, text: str) -> Iterator[Diagnostic]:
    """Yield a finding if a TXT record is missing."""
    if text not in {one.data for one in context.records(DnsLookup("TXT", name))}:
        yield doctor_diagnostic("dns-missing", name, f"TXT {text}")


def _targets(context: DoctorContext, name: str) -> Iterator[Diagnostic]:
    for record in _with_target(context.records(DnsLookup("SRV", name))):
        with suppress(NamesUnavailable):
            alias = context.records(DnsLookup("CNAME", record.data))
            if alias:
                yield doctor_diagnostic(
                    "srv-alias", name, f"{record.data} is an alias of {alias[0].data}"
                )
            elif not context.addresses(record.data):
                yield doctor_diagnostic(
                    "srv-target", name, f"{record.data} has no A or AAAA record"
                )


def _with_target(records: Sequence[DnsAnswer]) -> list[DnsAnswer]:
    # RFC 2782: a target of "." means that there is no such service.
    return [one for one in records if one.data][:10]


def _said(places: set[tuple[str, int]]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in sorted(places))
