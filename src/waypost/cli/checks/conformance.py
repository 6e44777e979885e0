"""`waypost conformance`: test a server with all simulated mail clients."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from waypost.cli.checks.client_reports import (
    client_groups,
    client_rows,
    client_summary,
    details,
    needs_action,
    rule_groups,
    rule_summary,
)
from waypost.cli.checks.report import CheckReport, print_report, severity_counts
from waypost.cli.layout import sanitize
from waypost.cli.options import JsonFlag, VerboseFlag
from waypost.cli.output import EXIT_FINDINGS, print_json, print_stderr, quantity
from waypost.cli.progress import with_progress_bar
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, RequestError
from waypost.diagnostics.comparison.server import CheckedServer, check_reachable
from waypost.diagnostics.conformance.reports import ConformanceReport, report_count, reports
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.report_json import doctor_groups, reports_json
from waypost.diagnostics.doctor.unanswered_lookups import unanswered_lookup_findings
from waypost.diagnostics.transports.dns import CachingResolver, UnansweredLookup
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.transport import SingleServerTransport
from waypost.net.dns.resolver import read_server

UrlArgument = Annotated[
    str, typer.Argument(metavar="URL", help="The server. It receives all requests.")
]
DomainArgument = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="A mail domain that the server serves.")
]
LocalPartFlag = Annotated[
    str,
    typer.Option(
        "--local-part", "--address", metavar="NAME", help="The local part of the test address."
    ),
]
UnservedFlag = Annotated[
    str,
    typer.Option("--unserved", metavar="DOMAIN", help="A domain that the server does not serve."),
]
TimeoutFlag = Annotated[
    float,
    typer.Option(
        "--timeout", metavar="SECONDS", min=0.1, max=60, help="Time limit for each answer."
    ),
]
TotalFlag = Annotated[
    float,
    typer.Option(
        "--total", metavar="SECONDS", min=0.1, max=3600, help="Time limit for all answers."
    ),
]
ResolverFlag = Annotated[
    str,
    typer.Option(
        "--resolver",
        metavar="ADDRESS[:PORT]",
        help="Ask this resolver, or `system`, for SRV, MX and TXT records. Default: no DNS.",
    ),
]
AlsoFlag = Annotated[
    list[str] | None,
    typer.Option("--also", metavar="HOST", help="Another host name of the server; repeatable."),
]
InsecureFlag = Annotated[bool, typer.Option("--insecure", help="Do not check certificates.")]


def conformance(  # noqa: PLR0913, PLR0917 -- one for each flag
    url: UrlArgument,
    domain: DomainArgument,
    local_part: LocalPartFlag = "postmaster",
    unserved: UnservedFlag = "waypost-conformance.invalid",
    timeout: TimeoutFlag = 10.0,
    total: TotalFlag = 120.0,
    also: AlsoFlag = None,
    insecure: InsecureFlag = False,
    resolver: ResolverFlag = "",
    verbose: VerboseFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Test a server with all simulated mail clients.

    The command shows which clients can set up an account. The server can be Waypost, automx2, or
    a web server with static files. Exit code 1 if there is an error or a warning.
    """
    served, unserved_domain = _parse_domain("DOMAIN", domain), _parse_domain("--unserved", unserved)
    try:
        EmailAddress.parse(f"{local_part}@{served}")
    except AddressError as error:
        raise AddressError(f"--local-part: {error}") from error
    if unserved_domain == served:
        raise RequestError(f"--unserved: {unserved_domain} is the same as DOMAIN, which is served")
    limits = ExchangeLimits(timeout_seconds=timeout, total_seconds=total)
    server = CheckedServer.parse(url)
    dns = CachingResolver(read_server(resolver), timeout, total) if resolver else None
    host_names = served, unserved_domain, *(_parse_domain("--also", host) for host in also or ())
    http_client = HttpClient(
        SingleServerTransport(server, host_names), limits, checks_certificates=not insecure
    )
    check_reachable(server, timeout)
    target = ConformanceTarget(http_client, local_part, served, unserved_domain, dns)
    results = list(with_progress_bar(reports(target), "Asking", report_count(target)))
    unanswered = dns.unanswered if dns else []
    report = _make_report(f"{served} at {url}", results, unanswered)
    if as_json:
        print_json(_report_json(url, served, results, http_client.is_exhausted, dns))
        print_stderr(f"{sanitize(report.subject)}: {sanitize(report.verdict)}")
    else:
        print_report(report, verbose=verbose)
    if verbose:
        print_stderr(quantity(len(http_client.exchanges), "request"))
    if http_client.is_exhausted:
        print_stderr(
            "warning: some checks are missing, because the time limit was too short; see --total"
        )
    if http_client.is_exhausted or unanswered or any(needs_action(report) for report in results):
        raise typer.Exit(EXIT_FINDINGS)


def _parse_domain(option: str, text: str) -> str:
    try:
        return DomainName.parse(text).ascii
    except AddressError as error:
        raise AddressError(f"{option}: {error}") from error


def _report_json(
    url: str,
    domain: str,
    results: Iterable[ConformanceReport],
    is_exhausted: bool,
    dns: CachingResolver | None,
) -> dict[str, object]:
    by_kind = reports_json(results, sanitize)
    complete = {"url": url, "domain": domain, "complete": not is_exhausted}
    unanswered = [sanitize(f"{failure}") for failure in dns.unanswered] if dns else None
    return {
        **complete,
        "unanswered": unanswered,
        "clients": by_kind["client"],
        "rules": by_kind["server"],
    }


def _make_report(
    subject: str, results: Sequence[ConformanceReport], unanswered: Sequence[UnansweredLookup]
) -> CheckReport:
    causes = doctor_groups(unanswered_lookup_findings(unanswered), results)
    groups = [*causes, *client_groups(results), *rule_groups(results)]
    verdict = "; ".join(part for part in (severity_counts(groups), client_summary(results)) if part)
    remarks = ["", rule_summary(results)]
    table = client_rows(results, causes)
    return CheckReport(subject, verdict, groups, table, remarks, details(results))
