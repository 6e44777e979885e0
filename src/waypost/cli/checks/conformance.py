"""`waypost conformance`: test a server with all simulated mail clients."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from waypost.cli.checks.client_reports import (
    client_groups,
    client_rows,
    details,
    is_bad,
    rows,
    rule_groups,
    rule_remark,
    verdict_on,
)
from waypost.cli.checks.doctor_report import doctor_groups
from waypost.cli.checks.report import Report as Shown
from waypost.cli.checks.report import counts, print_report
from waypost.cli.layout import clean
from waypost.cli.options import JsonFlag, VerboseFlag
from waypost.cli.output import EXIT_FINDINGS, print_json, print_stderr, quantity
from waypost.cli.progress import with_bar
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, RequestError
from waypost.diagnostics.comparison.server import CheckedServer, check_reachable
from waypost.diagnostics.conformance.probes import Asked
from waypost.diagnostics.conformance.reports import ConformanceReport, reports, steps
from waypost.diagnostics.doctor.resolver import resolver_findings
from waypost.diagnostics.transports.dns import Dns, DnsUnavailable
from waypost.diagnostics.transports.transport import FixedHost
from waypost.diagnostics.transports.wire import ExchangeLimits, Wire
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
    typer.Option("--total", metavar="SECONDS", min=1, max=3600, help="Time limit for all answers."),
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
    served, foreign = _domain("DOMAIN", domain), _domain("--unserved", unserved)
    try:
        EmailAddress.parse(f"{local_part}@{served}")
    except AddressError as error:
        raise AddressError(f"--local-part: {error}") from error
    if foreign == served:
        raise RequestError(f"--unserved: {foreign} is the same as DOMAIN, which is served")
    limits = ExchangeLimits(timeout_seconds=timeout, total_seconds=total)
    server = CheckedServer.parse(url)
    names = Dns(read_server(resolver), timeout, total) if resolver else None
    hosts = served, foreign, *(_domain("--also", one) for one in also or ())
    wire = Wire(FixedHost(server, hosts), limits, checks_certificates=not insecure)
    check_reachable(server, timeout)
    asked = Asked(wire, local_part, served, foreign, names)
    found = list(with_bar(reports(asked), "Asking", steps(asked)))
    unanswered = names.failed if names else []
    shown = _shown(f"{served} at {url}", found, unanswered)
    if as_json:
        print_json(_as_json(url, served, found, wire.is_exhausted, names))
        print_stderr(f"{clean(shown.subject)}: {clean(shown.verdict)}")
    else:
        print_report(shown, verbose=verbose)
    if verbose:
        print_stderr(quantity(len(wire.exchanges), "request"))
    if wire.is_exhausted:
        print_stderr(
            "warning: some checks are missing, because the time limit was too short; see --total"
        )
    if wire.is_exhausted or unanswered or any(is_bad(report) for report in found):
        raise typer.Exit(EXIT_FINDINGS)


def _domain(option: str, text: str) -> str:
    try:
        return DomainName.parse(text).ascii
    except AddressError as error:
        raise AddressError(f"{option}: {error}") from error


def _as_json(
    url: str,
    domain: str,
    found: Iterable[ConformanceReport],
    is_exhausted: bool,
    names: Dns | None,
) -> dict[str, object]:
    by_kind = rows(found)
    complete = {"url": url, "domain": domain, "complete": not is_exhausted}
    unanswered = [clean(f"{one}") for one in names.failed] if names else None
    return {
        **complete,
        "unanswered": unanswered,
        "clients": by_kind["client"],
        "rules": by_kind["server"],
    }


def _shown(
    subject: str, found: Sequence[ConformanceReport], unanswered: Sequence[DnsUnavailable]
) -> Shown:
    causes = doctor_groups(resolver_findings(unanswered), found)
    groups = [*causes, *client_groups(found), *rule_groups(found)]
    verdict = "; ".join(part for part in (counts(groups), verdict_on(found)) if part)
    remarks = ["", rule_remark(found)]
    table = client_rows(found, causes)
    return Shown(subject, verdict, groups, table, remarks, details(found))
