"""`waypost doctor`: check a domain in the way in which the clients of its users find it."""

from pathlib import Path
from typing import Annotated

import typer

from waypost.cli.checks.client_reports import needs_action
from waypost.cli.checks.conformance import TimeoutFlag, TotalFlag
from waypost.cli.checks.doctor_expected import own_records, records_of_document
from waypost.cli.checks.doctor_report import make_report
from waypost.cli.checks.report import print_report
from waypost.cli.layout import sanitize
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
from waypost.core.errors import AddressError
from waypost.diagnostics.conformance.reports import ConformanceReport
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.report_json import report_json
from waypost.diagnostics.doctor.runner import ExpectedRecords, run_checks, step_count
from waypost.diagnostics.doctor.setup import doctor_context, ispdb_url, tls_context
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses

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
    database_url, private = ispdb_url(ispdb), PrivateAddresses.of_option(allow_private)
    expected_records: ExpectedRecords = records_of_document(email_address.domain)
    if providers is not None or demo or db_uri is not None:
        own = own_records(email_address.domain, load_settings(providers, demo, db_uri, public_url))
        expected_records = lambda _: own  # noqa: E731 -- the document is not used then
    context = doctor_context(
        email_address, resolver, tls_context(ca_file), (timeout, total), database_url, private
    )
    findings: list[Diagnostic] = []
    reports: list[ConformanceReport] = []
    for step in with_progress_bar(
        run_checks(context, expected_records, database_url), "Asking", step_count()
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
        print_json(about | report_json(findings, reports, sanitize))
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
