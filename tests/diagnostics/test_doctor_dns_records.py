"""The doctor's findings about missing records."""

import pytest

from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.dns_records import record_findings
from waypost.diagnostics.simulated_clients.dns import no_records
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import ResolvingTransport
from waypost.formats.dns import Record, SrvData

MISSING = [
    # label, host, code
    ("_imaps", "imap.example.com", "dns-missing"),
    ("_caldavs", "dav.example.com", "dns-missing-calendar"),
    ("_carddavs", "dav.example.net", "dns-missing-calendar"),
    # A redirect on the domain's own host is enough.
    ("_caldavs", "example.com", "dns-missing"),
    # Thunderbird does not ask for those without TLS.
    ("_caldav", "dav.example.com", "dns-missing"),
    ("_carddav", "dav.example.com", "dns-missing"),
]


@pytest.mark.parametrize(("label", "host", "code"), MISSING)
def test_missing_records(label: str, host: str, code: str) -> None:
    """Calendars on another host need their record; on the domain itself they do not."""
    name = f"{label}._tcp.example.com"
    expected_records = [Record(name, 3600, SrvData(0, 1, 443, host))]
    http = HttpClient(
        ResolvingTransport(no_records, frozenset()), ExchangeLimits(timeout_seconds=5)
    )
    context = DoctorContext(ConformanceTarget(http, "alice", "example.com", "example.org"), [])
    findings = [
        (finding.code, finding.location) for finding in record_findings(context, expected_records)
    ]
    assert findings == [(code, name)]
