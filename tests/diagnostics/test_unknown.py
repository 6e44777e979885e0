"""Unknown results are not reported as faults: look-ups without answer, and too little time."""

from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from tests.diagnostics.scripted import fixed, scripted
from tests.diagnostics.test_conformance import DOCUMENT, conformance_target
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.conformance.account_checks import AccountCheck
from waypost.diagnostics.conformance.reports import ConformanceReport, client_reports, reports
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, RecordType
from waypost.diagnostics.transports.http_client import ExchangeLimits

WHY = "the resolver at 192.0.2.1 does not answer"


def serving(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Serve the document for the domain at every path of Autoconfig, and nothing else."""
    known = "example.com" in handler.headers["Host"] and "config-v1.1.xml" in handler.path
    known = known and handler.command != "POST"
    handler.send_response(200 if known else 404)
    handler.send_header("Content-Type", "text/xml")
    handler.send_header("Content-Length", str(len(DOCUMENT) if known else 0))
    handler.end_headers()
    handler.wfile.write(DOCUMENT if known else b"")


def nothing_for(*types: RecordType) -> ConformanceTarget:
    """Answer the look-ups of all types but these."""

    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        if lookup.type in types:
            raise NamesUnavailable(WHY)
        return ()

    return replace(conformance_target("http://127.0.0.1:1"), resolver=resolve)


def reports_by_key(target: ConformanceTarget) -> dict[str, ConformanceReport]:
    return {report.key: report for report in reports(target)}


# What each client asks DNS before it has found its account by HTTP (docs/clients.md).
FIRST = {"fairemail": "SRV", "aerc": "SRV"}
LATER = {"thunderbird": "MX", "delta-chat": "", "evolution": ""}


def reports_with_server(url: str, *types: RecordType) -> dict[str, ConformanceReport]:
    return reports_by_key(replace(nothing_for(*types), http=conformance_target(url).http))


def test_unanswered_lookup_before_the_account() -> None:
    """A client that asks DNS first neither works nor fails if DNS does not answer."""
    with scripted(serving) as url:
        rows = reports_with_server(url, "SRV")
    for key in FIRST:
        assert (rows[key].verdict, rows[key].findings, rows[key].account) == (
            "not checked",
            (WHY,),
            None,
        )
    for key in LATER:
        assert rows[key].verdict in {"works", "works with warnings"}, rows[key]
    assert rows["services"].verdict == "not checked"
    assert rows["services"].findings == (WHY,)


def test_unanswered_lookup_after_the_account() -> None:
    """A look-up that comes after the account was found changes nothing."""
    with scripted(serving) as url:
        rows = reports_with_server(url, "MX")
    assert rows["thunderbird"].account is not None
    assert rows["thunderbird"].verdict in {"works", "works with warnings"}


def test_no_account_and_an_unanswered_lookup() -> None:
    """A client without an account does not fail if DNS might have named one."""
    with scripted(fixed(404)) as url:
        rows = reports_with_server(url, "MX", "SRV", "TXT")
        answered = reports_with_server(url)
    assert rows["thunderbird"].verdict == "not checked"
    assert answered["thunderbird"].verdict == "fails"
    # It asks DNS nothing.
    assert rows["kmail"].verdict == answered["kmail"].verdict == "fails"
    assert rows["digest"].verdict == "not checked"


@pytest.mark.parametrize(
    "limits", [ExchangeLimits(requests=3), ExchangeLimits(total_seconds=0.001)]
)
def test_requests_after_a_limit(limits: ExchangeLimits) -> None:
    """If a limit is reached, no client works or fails, and no rule is kept or broken."""
    with scripted(serving) as url:
        rows = reports_by_key(conformance_target(url, limits=limits))
    # It asks DNS alone, which is not asked here.
    assert rows.pop("claws-mail").verdict == "not offered"
    assert {row.verdict for row in rows.values()} <= {"not checked", "works"}
    assert {row.verdict for row in rows.values() if row.kind == "client"} == {"not checked"}
    assert all(row.remark for row in rows.values() if row.verdict == "not checked")


def test_mail_servers_that_cannot_be_checked() -> None:
    """A client whose mail servers are unknown is not reported as working."""
    with scripted(serving) as url:
        rows = {
            one.key: one
            for one in client_reports(
                conformance_target(url), lambda _: AccountCheck(unknown_reason=WHY)
            )
        }
    assert rows["kmail"].account is not None
    assert (rows["kmail"].verdict, rows["kmail"].remark) == ("not checked", WHY)
