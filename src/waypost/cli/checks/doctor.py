"""`waypost doctor`: check a domain in the way in which the clients of its users find it."""

import ssl
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.cli.checks.client_reports import needs_action
from waypost.cli.checks.conformance import TimeoutFlag, TotalFlag
from waypost.cli.checks.doctor_expected import own_records, records_of_document
from waypost.cli.checks.doctor_report import make_report, report_json
from waypost.cli.checks.report import print_report
from waypost.cli.options import (
    DbUriFlag,
    DemoFlag,
    JsonFlag,
    ProvidersFlag,
    PublicUrlFlag,
    VerboseFlag,
)
from waypost.cli.output import EXIT_FINDINGS, print_json, print_stderr
from waypost.cli.progress import with_progress_bar
from waypost.cli.sources.settings import load_settings
from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError, RequestError, SettingsError
from waypost.diagnostics.comparison.server import CheckedServer
from waypost.diagnostics.conformance.reports import UNSERVED, ConformanceReport
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.runner import ExpectedRecords, run_checks, step_count
from waypost.diagnostics.simulated_clients.urls import DATABASE_HOST, DATABASE_HOSTS
from waypost.diagnostics.transports.dns import CachingResolver
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import ResolvingTransport
from waypost.net.dns.resolver import read_server

_THUNDERBIRD: Final = "thunderbird"

AddressArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="A mail address, such as alice@example.com.")
]
ResolverFlag = Annotated[
    str,
    typer.Option(
        "--resolver",
        metavar="ADDRESS[:PORT]",
        help="Ask this resolver. `system` is those of this machine.",
    ),
]
CaFileFlag = Annotated[
    Path | None,
    typer.Option("--ca-file", metavar="FILE", help="Also trust these authorities (PEM)."),
]
AllowPrivateFlag = Annotated[
    bool,
    typer.Option(
        "--allow-private",
        help="Also connect to private addresses that a public server points to.",
    ),
]
DatabaseFlag = Annotated[
    str,
    typer.Option(
        "--ispdb",
        metavar="URL",
        help="Compare with the public database at this URL; `thunderbird` is Thunderbird's. "
        "Default: no database.",
    ),
]


def doctor(  # noqa: PLR0913, PLR0917 -- one for each flag
    address: AddressArgument,
    resolver: ResolverFlag = "system",
    ca_file: CaFileFlag = None,
    ispdb: DatabaseFlag = "",
    public_url: PublicUrlFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    timeout: TimeoutFlag = 10.0,
    total: TotalFlag = 300.0,
    allow_private: AllowPrivateFlag = False,
    verbose: VerboseFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Check which mail clients work for an address, and why not.

    The checks use DNS, TLS and HTTP. They send no password and change nothing. Exit code 1 if
    there is an error or a warning.
    """
    email_address = _parse_address(address)
    ispdb_url = _ispdb_url(ispdb)
    expected_records: ExpectedRecords = records_of_document(email_address.domain)
    if providers is not None or demo or db_uri is not None:
        own = own_records(email_address.domain, load_settings(providers, demo, db_uri, public_url))
        expected_records = lambda _: own  # noqa: E731 -- the document is not used then
    context = _doctor_context(
        email_address, resolver, _tls_context(ca_file), (timeout, total), ispdb_url, allow_private
    )
    findings: list[Diagnostic] = []
    reports: list[ConformanceReport] = []
    for step in with_progress_bar(
        run_checks(context, expected_records, ispdb_url), "Asking", step_count()
    ):
        for result in step:
            if isinstance(result, ConformanceReport):
                reports.append(result)
            else:
                findings.append(result)
    is_exhausted = context.target.http.is_exhausted
    report = make_report(context.domain, findings, reports)
    if as_json:
        is_complete = not is_exhausted and not context.unanswered
        about = {"address": f"{email_address}", "domain": context.domain, "complete": is_complete}
        print_json(about | report_json(findings, reports))
        print_stderr(f"{report.subject}: {report.verdict}")
    else:
        print_report(report, verbose=verbose)
    if is_exhausted:
        print_stderr(
            "warning: some checks are missing, because the time limit was too short; see --total"
        )
    is_wrong = any(diagnostic.severity != "note" for diagnostic in findings)
    if is_exhausted or is_wrong or any(needs_action(report) for report in reports):
        raise typer.Exit(EXIT_FINDINGS)


def _parse_address(text: str) -> EmailAddress:
    try:
        return EmailAddress.parse(text)
    except AddressError as error:
        raise AddressError(f"ADDRESS: {error}") from error


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                [f"--ca-file: {ca_file}: cannot read certificates (PEM): {error}"]
            ) from error
    return context


def _ispdb_url(url: str) -> str:
    """Return the URL of the public database; empty for no database.

    Raises:
        RequestError: the text is not a URL.
    """
    if url == _THUNDERBIRD:
        return f"https://{DATABASE_HOST}/v1.1"
    if url:
        try:
            CheckedServer.parse(url)
        except RequestError as error:
            raise RequestError(f"--ispdb: {error}") from error
    return url


def _doctor_context(
    email_address: EmailAddress,
    resolver: str,
    context: ssl.SSLContext,
    seconds: tuple[float, float],
    ispdb_url: str,
    allow_private: bool,
) -> DoctorContext:
    timeout, total = seconds
    dns = CachingResolver(read_server(resolver), timeout, total)
    asked_hosts = {host for host in DATABASE_HOSTS if f"//{host}/" in ispdb_url}
    transport = ResolvingTransport(
        dns,
        DATABASE_HOSTS - asked_hosts,
        domain=email_address.domain.ascii,
        allow_private=allow_private,
    )
    http_client = HttpClient(
        transport, ExchangeLimits(timeout_seconds=timeout, total_seconds=total), tls_context=context
    )
    target = ConformanceTarget(
        http_client, email_address.local_part, email_address.domain.ascii, UNSERVED, dns
    )
    return DoctorContext(target, dns.unanswered)
