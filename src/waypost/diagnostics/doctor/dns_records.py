"""Comparison of the DNS records of a domain with those that it should publish."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.conformance.schema_probes import SRV_LABELS, check_digest, pacc_response
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.formats.dns import Record, SrvData, TxtData

_PACC_DIGEST = "v=UAAC1"
_CALENDARS = ("_caldavs._tcp.", "_carddavs._tcp.")  # RFC 6764 s3


def record_findings(context: DoctorContext, expected: Sequence[Record]) -> Iterator[Diagnostic]:
    """Compare SRV and TXT records, and check the targets of SRV records.

    Args:
        context: the domain.
        expected: the records that should be published; none if they are unknown.

    There is no finding for a name if DNS does not answer.
    """
    for name, endpoints in _expected_endpoints(expected).items():
        with suppress(NamesUnavailable):
            yield from _srv_findings(context, name, endpoints)
    for record in expected:
        if isinstance(record.data, TxtData) and not record.data.text.startswith(_PACC_DIGEST):
            with suppress(NamesUnavailable):
                yield from _txt_findings(context, record.name, record.data.text)
    names = dict.fromkeys(f"{label}._tcp.{context.domain}" for label, _, _ in SRV_LABELS)
    for name in names | dict.fromkeys(_expected_endpoints(expected)):
        with suppress(NamesUnavailable):
            yield from _target_findings(context, name)
    # The digest is compared with the document that clients get. If no server answers, the findings
    # about the name say why.
    if pacc_response(context.target).status:
        with suppress(NamesUnavailable):
            for finding in check_digest(context.target):
                yield doctor_diagnostic("pacc-digest", f"_ua-auto-config.{context.domain}", finding)


def _expected_endpoints(expected: Sequence[Record]) -> dict[str, set[tuple[str, int]]]:
    """Return the hosts and ports that should be published, by the name of their records."""
    by_name: dict[str, set[tuple[str, int]]] = {}
    for record in expected:
        if isinstance(record.data, SrvData):
            endpoints = by_name.setdefault(record.name, set())
            endpoints |= {(record.data.target, record.data.port)} if record.data.target else set()
    return by_name


def _srv_findings(
    context: DoctorContext, name: str, endpoints: set[tuple[str, int]]
) -> Iterator[Diagnostic]:
    records = context.records(DnsLookup("SRV", name))
    published = {(record.data, record.port) for record in records if record.data}
    if endpoints and not records:
        yield doctor_diagnostic(
            _code_of_missing(name, endpoints, context.domain),
            name,
            f"SRV {_endpoint_list(endpoints)}",
        )
    elif endpoints != published and records:
        published_list = _endpoint_list(published) or "that there is no such service"
        yield doctor_diagnostic(
            "dns-different",
            name,
            f"SRV {published_list} instead of {_endpoint_list(endpoints) or 'none'}",
        )


def _code_of_missing(name: str, endpoints: set[tuple[str, int]], domain: str) -> str:
    # Seen with Thunderbird 153.8: it drops the target of a redirect from a well-known URL to
    # another host, and searches for no calendar over http.
    has_other_host = any(host != domain for host, _ in endpoints)
    is_calendar = name.startswith(_CALENDARS)
    return "dns-missing-calendar" if is_calendar and has_other_host else "dns-missing"


def _txt_findings(context: DoctorContext, name: str, text: str) -> Iterator[Diagnostic]:
    """Yield a finding if a TXT record is missing."""
    if text not in {record.data for record in context.records(DnsLookup("TXT", name))}:
        yield doctor_diagnostic("dns-missing", name, f"TXT {text}")


def _target_findings(context: DoctorContext, name: str) -> Iterator[Diagnostic]:
    for record in _first_with_target(context.records(DnsLookup("SRV", name))):
        with suppress(NamesUnavailable):
            alias = context.records(DnsLookup("CNAME", record.data))
            if alias:
                yield doctor_diagnostic(
                    "srv-alias", name, f"{record.data} is an alias of {alias[0].data}"
                )
            elif not context.resolve_addresses(record.data):
                yield doctor_diagnostic(
                    "srv-target", name, f"{record.data} has no A or AAAA record"
                )


def _first_with_target(records: Sequence[DnsAnswer]) -> list[DnsAnswer]:
    # RFC 2782: a target of "." means that there is no such service.
    return [record for record in records if record.data][:10]


def _endpoint_list(endpoints: set[tuple[str, int]]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in sorted(endpoints))
