"""`waypost doctor`: check a domain in the way in which the clients of its users find it."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.address import EmailAddress
from waypost.cli.client_reports import is_bad, with_progress
from waypost.cli.conformance import TimeoutFlag, TotalFlag, VerboseFlag
from waypost.cli.doctor_report import for_scripts, report_of
from waypost.cli.doctor_wanted import own_records, records_of_document
from waypost.cli.report import print_report
from waypost.cli.reporting import FINDINGS, note, say_json
from waypost.cli.show_domain import PublicUrlFlag
from waypost.cli.sources import DbUriFlag, DemoFlag, JsonFlag, ProvidersFlag, settings_for
from waypost.errors import AddressError, RequestError, SettingsError

if TYPE_CHECKING:
    from waypost.check.doctor.examination import Wanted
    from waypost.check.doctor.faults import Finding
    from waypost.check.doctor.visit import Visit

EXAMPLE: Final = "Example: waypost doctor alice@example.com"
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
    from waypost.check.conformance import Report  # noqa: PLC0415 -- quick start
    from waypost.check.doctor.examination import examine, steps  # noqa: PLC0415 -- quick start

    who = _address(address)
    database = _database(ispdb)
    wanted: Wanted = records_of_document(who.domain)
    if providers is not None or demo or db_uri is not None:
        held = own_records(who.domain, settings_for(providers, demo, db_uri), public_url)
        wanted = lambda _: held  # noqa: E731 -- the document is not used then
    visit = _visit(who, resolver, _context(ca_file), (timeout, total), database, allow_private)
    findings: list[Finding] = []
    reports: list[Report] = []
    for step in with_progress(examine(visit, wanted, database), steps()):
        for one in step:
            if isinstance(one, Report):
                reports.append(one)
            else:
                findings.append(one)
    is_exhausted = visit.asked.wire.is_exhausted
    report = report_of(visit.domain, findings, reports)
    if as_json:
        is_complete = not is_exhausted and not visit.unanswered
        about = {"address": f"{who}", "domain": visit.domain, "complete": is_complete}
        say_json(about | for_scripts(findings, reports))
        note(f"{report.subject}: {report.verdict}")
    else:
        print_report(report, verbose=verbose)
    if is_exhausted:
        note("warning: some checks are missing, because the time limit was too short; see --total")
    is_wrong = any(one.fault.severity != "note" for one in findings)
    if is_exhausted or is_wrong or any(is_bad(report) for report in reports):
        raise typer.Exit(FINDINGS)


def _address(text: str) -> EmailAddress:
    try:
        return EmailAddress.parse(text)
    except AddressError as error:
        raise AddressError(f"ADDRESS: {error}") from error


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                [f"--ca-file: {ca_file}: cannot read certificates (PEM): {error}"]
            ) from error
    return context


def _database(url: str) -> str:
    """Return the URL of the public database; empty for no database.

    Raises:
        RequestError: the text is not a URL.
    """
    from waypost.check.asking import Server  # noqa: PLC0415 -- quick start
    from waypost.check.recorded.urls import DATABASE_HOST  # noqa: PLC0415 -- quick start

    if url == _THUNDERBIRD:
        return f"https://{DATABASE_HOST}/v1.1"
    if url:
        try:
            Server.parse(url)
        except RequestError as error:
            raise RequestError(f"--ispdb: {error}") from error
    return url


def _visit(
    who: EmailAddress,
    resolver: str,
    context: ssl.SSLContext,
    seconds: tuple[float, float],
    database: str,
    allow_private: bool,
) -> "Visit":
    from waypost.check.conformance import UNSERVED  # noqa: PLC0415 -- quick start
    from waypost.check.doctor.visit import Visit  # noqa: PLC0415 -- quick start
    from waypost.check.name_servers import read_server  # noqa: PLC0415 -- quick start
    from waypost.check.probes import Asked  # noqa: PLC0415 -- quick start
    from waypost.check.recorded.urls import DATABASE_HOSTS  # noqa: PLC0415 -- quick start
    from waypost.check.resolved_host import ResolvedHost  # noqa: PLC0415 -- quick start
    from waypost.check.resolving import Dns  # noqa: PLC0415 -- quick start
    from waypost.check.wire import Limits, Wire  # noqa: PLC0415 -- quick start

    timeout, total = seconds
    names = Dns(read_server(resolver), timeout, total)
    asked_hosts = {host for host in DATABASE_HOSTS if f"//{host}/" in database}
    transport = ResolvedHost(
        names,
        DATABASE_HOSTS - asked_hosts,
        domain=who.domain.ascii,
        allow_private=allow_private,
    )
    wire = Wire(transport, Limits(timeout_seconds=timeout, total_seconds=total), context=context)
    asked = Asked(wire, who.local_part, who.domain.ascii, UNSERVED, names)
    return Visit(asked, names.failed)
