"""`waypost init`: find the mail servers of a domain, and write the files of a new Waypost."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.cli.checks.conformance import TimeoutFlag, TotalFlag
from waypost.cli.checks.doctor import AllowPrivateFlag, CaFileFlag, ResolverFlag
from waypost.cli.init.activation import SYSTEMD_FOLDER, StepResult, run_steps
from waypost.cli.init.questions import (
    ask_missing_servers,
    ask_web_server,
    confirm,
    is_interactive,
)
from waypost.cli.init.report import SetupReport, missing_lines, report_json, report_lines
from waypost.cli.init.servers import read_server_flag
from waypost.cli.init.stored_domains import hidden_domains
from waypost.cli.options import JsonFlag
from waypost.cli.output import EXIT_FINDINGS, EXIT_USAGE, print_json, print_line, print_stderr
from waypost.cli.show.common import parse_exact_domain
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import NamesUnavailable, SettingsError
from waypost.core.model import Service, ServiceType
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.dns_records import record_findings
from waypost.diagnostics.doctor.host_names import host_name_findings
from waypost.diagnostics.doctor.setup import doctor_context, ispdb_url, tls_context
from waypost.diagnostics.doctor.unanswered_lookups import unanswered_lookup_findings
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses
from waypost.setup.discovery import discover
from waypost.setup.files import FileResult, FileState, check_file, folder_problem, write_file
from waypost.setup.plan import PROVIDERS, SetupPlan, make_plan
from waypost.setup.probing import check_services
from waypost.setup.search import Discovery
from waypost.setup.web_servers import WebServer, installed_web_servers

_NO_DATABASE: Final = "none"
_ROOT: Final = Path("/")


class WebServerChoice(StrEnum):
    """The web servers, and `auto` or `none`."""

    AUTO = "auto"
    NGINX = "nginx"
    APACHE = "apache"
    CADDY = "caddy"
    HAPROXY = "haproxy"
    NONE = "none"


NewDomainArgument = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="The mail domain, such as example.com.")
]
ImapFlag = Annotated[
    str | None,
    typer.Option(
        "--imap", metavar="HOST[:PORT]", help="The IMAP server; default port: 993 with TLS."
    ),
]
Pop3Flag = Annotated[
    str | None,
    typer.Option(
        "--pop3", metavar="HOST[:PORT]", help="The POP3 server; default port: 995 with TLS."
    ),
]
SmtpFlag = Annotated[
    str | None,
    typer.Option(
        "--smtp",
        metavar="HOST[:PORT]",
        help="The server for sending mail; default port: 465 with TLS.",
    ),
]
ProviderNameFlag = Annotated[
    str,
    typer.Option(
        "--name", metavar="NAME", help="The name that users see. Default: found, or the domain."
    ),
]
UserFlag = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="ADDRESS",
        help="The address with which servers are asked. Default: postmaster@DOMAIN.",
    ),
]
WebServerFlag = Annotated[
    WebServerChoice, typer.Option("--web-server", help="The web server in front of Waypost.")
]
OutputFlag = Annotated[
    Path,
    typer.Option("--output", metavar="DIR", help="Write below this folder instead of /."),
]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="Print all files and change nothing.")]
StartFlag = Annotated[
    bool | None,
    typer.Option(
        "--start/--no-start",
        help="Start the service, and let the web server read its site. Default: ask on a "
        "terminal, else no.",
        show_default=False,
    ),
]
IspdbFlag = Annotated[
    str,
    typer.Option(
        "--ispdb",
        metavar="URL",
        help="The public database to ask; `thunderbird` is Thunderbird's, `none` asks none.",
    ),
]


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the files go, and what may be asked and run."""

    root: Path
    is_dry_run: bool
    is_interactive: bool
    start: bool | None


def init(  # noqa: PLR0913, PLR0917 -- one for each flag
    domain: NewDomainArgument,
    imap: ImapFlag = None,
    pop3: Pop3Flag = None,
    smtp: SmtpFlag = None,
    name: ProviderNameFlag = "",
    address: UserFlag = None,
    web_server: WebServerFlag = WebServerChoice.AUTO,
    output: OutputFlag = _ROOT,
    dry_run: DryRunFlag = False,
    start: StartFlag = None,
    ispdb: IspdbFlag = "thunderbird",
    resolver: ResolverFlag = "system",
    ca_file: CaFileFlag = None,
    timeout: TimeoutFlag = 5.0,
    total: TotalFlag = 90.0,
    allow_private: AllowPrivateFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Set up Waypost for a domain.

    The command finds the mail servers in DNS, in the Autoconfig of the domain and in the public
    database, and checks them. Then it writes the providers file, the settings, the service and
    the site of the web server, and prints the DNS records and what is still missing. It replaces no
    file, and no database that has domains. Without a terminal, it asks nothing. Exit code 1 if a
    mail server is missing, or if a file exists with other content; 2 if a file cannot be written.
    """
    mail_domain = parse_exact_domain(domain)
    given = _given_servers(imap, pop3, smtp)
    root = output.absolute()
    asks = is_interactive() and not as_json
    target = _Target(root, dry_run, asks, start)
    _check_target(target)
    _check_stored_domains(target, mail_domain)
    database = "" if ispdb == _NO_DATABASE else ispdb_url(ispdb)
    context = doctor_context(
        _user(mail_domain, address),
        resolver,
        tls_context(ca_file),
        (timeout, total),
        database,
        PrivateAddresses.of_option(allow_private),
    )
    chosen = _web_server(web_server, root, asks)
    print_stderr(f"Searching for the mail servers of {mail_domain} ...")
    search = partial(discover, context, mail_domain, given=given, name=name.strip())
    found = _search(context, partial(search, database=database))
    if asks and found.missing is not None:
        print_stderr(f"{mail_domain}: {found.missing} was found.")
        answers = ask_missing_servers(found.missing_types, mail_domain.ascii)
        found = _with_answers(context, found, answers)
    _print(_set_up(context, found, chosen, target), as_json)


def _search(context: DoctorContext, discover_servers: Callable[[], Discovery]) -> Discovery:
    """Search, and name the options that help if something does not answer.

    Raises:
        DomainError: DNS has no such domain.
        NamesUnavailable: DNS does not answer.
    """
    try:
        found = discover_servers()
    except NamesUnavailable as error:
        hint = "try another resolver with --resolver, or name the mail servers with --imap and"
        raise NamesUnavailable(f"{error}; {hint} --smtp") from error
    if context.target.http.is_exhausted:
        print_stderr(
            "warning: some checks are missing, because the time limit was too short; see --total"
        )
    return found


def _set_up(
    context: DoctorContext, found: Discovery, web_server: WebServer | None, target: _Target
) -> SetupReport:
    """Write the files, start what the operator wants to start, and check the result."""
    plan = make_plan(target.root, found, web_server, _program())
    files = _write(plan, target)
    steps = _start(plan, target, files)
    findings = (*found.findings, *_findings(context, plan))
    missing = missing_lines(found, files, steps, has_web=web_server is not None)
    return SetupReport(found, plan, files, target.is_dry_run, steps, findings, missing)


def _print(report: SetupReport, as_json: bool) -> None:
    """Print the report.

    Raises:
        Exit: a file could not be written, or clients cannot set up an account yet.
    """
    if as_json:
        print_json(report_json(report))
    else:
        for line in report_lines(report):
            print_line(line)
    if any(result.state is FileState.FAILED for result in report.files):
        raise typer.Exit(EXIT_USAGE)
    if not report.is_usable:
        raise typer.Exit(EXIT_FINDINGS)


def _given_servers(imap: str | None, pop3: str | None, smtp: str | None) -> tuple[Service, ...]:
    flags = ((ServiceType.IMAP, imap), (ServiceType.POP3, pop3), (ServiceType.SMTP, smtp))
    services: list[Service] = []
    problems: list[str] = []
    for service_type, text in flags:
        if text is not None:
            try:
                services.append(read_server_flag(service_type, text))
            except SettingsError as error:
                problems += error.problems
    if problems:
        raise SettingsError(problems)
    return tuple(services)


def _check_target(target: _Target) -> None:
    """Check what needs no question to the network.

    Raises:
        SettingsError: files cannot be written, or the service cannot be started.
    """
    if target.start and (target.root != _ROOT or target.is_dry_run):
        raise SettingsError(["--start: works only without --output and --dry-run"])
    problem = folder_problem(target.root / PROVIDERS.parent.relative_to("/"))
    if problem and not target.is_dry_run:
        raise SettingsError(
            [f"{problem}; run the command as root, or use --dry-run or --output DIR"]
        )


def _check_stored_domains(target: _Target, domain: DomainName) -> None:
    """Check that the new providers file would hide no domains of a database.

    Raises:
        SettingsError: the file would do that, and this is no dry run.
    """
    problem = hidden_domains(target.root, domain)
    if problem is not None and not target.is_dry_run:
        raise SettingsError([problem])
    if problem is not None:
        print_stderr(f"warning: {problem}")


def _user(domain: DomainName, address: str | None) -> EmailAddress:
    if address is None:
        return EmailAddress("postmaster", domain)
    user = EmailAddress.parse(address)
    if user.domain != domain:
        raise SettingsError([f"--address: {address[:80]}: must be an address of {domain}"])
    return user


def _web_server(choice: WebServerChoice, root: Path, asks: bool) -> WebServer | None:
    if choice is WebServerChoice.NONE:
        return None
    if choice is not WebServerChoice.AUTO:
        return WebServer(choice.value)
    installed = installed_web_servers(root)
    if len(installed) > 1:
        if asks:
            return ask_web_server(installed)
        others = ", ".join(installed[1:])
        print_stderr(f"{installed[0]} is used; also installed: {others} (see --web-server)")
    return installed[0] if installed else None


def _program() -> str:
    """Return the path of this program, for the unit."""
    program = Path(sys.argv[0])
    if program.name == "waypost" and program.is_absolute():
        return str(program)
    return str(Path(sys.executable).with_name("waypost"))


def _with_answers(
    context: DoctorContext, found: Discovery, services: Sequence[Service]
) -> Discovery:
    if not services:
        return found
    domain = replace(found.domain, services=(*found.domain.services, *services))
    findings = (*found.findings, *check_services(context, services))
    return replace(
        found, domain=domain, findings=findings, sources=(*found.sources, "your answers")
    )


def _write(plan: SetupPlan, target: _Target) -> tuple[FileResult, ...]:
    results = tuple(check_file(target.root, file) for file in plan.files)
    if target.is_dry_run:
        return results
    if target.is_interactive:
        for result in results:
            print_stderr(f"  {result.file.path}: {result.state}")
        if not confirm("Write these files?"):
            raise typer.Abort
    return tuple(write_file(target.root, file) for file in plan.files)


def _start(plan: SetupPlan, target: _Target, files: Sequence[FileResult]) -> tuple[StepResult, ...]:
    """Run the steps if the operator wants that; otherwise they are printed."""
    not_run = tuple(StepResult(step) for step in plan.steps)
    has_failed = any(result.state is FileState.FAILED for result in files)
    if target.is_dry_run or has_failed or target.root != _ROOT or target.start is False:
        return not_run
    can_ask = target.is_interactive and os.geteuid() == 0 and SYSTEMD_FOLDER.is_dir()
    start = target.start or (can_ask and confirm("Start Waypost and reload the web server now?"))
    return run_steps(plan.steps) if start else not_run


def _findings(context: DoctorContext, plan: SetupPlan) -> tuple[Diagnostic, ...]:
    """Return what the doctor finds wrong with names and DNS now."""
    records = () if plan.records is None else plan.records.records
    found = [*host_name_findings(context), *record_findings(context, records)]
    return (
        *(finding for finding in found if finding.severity != "note"),
        *unanswered_lookup_findings(context.unanswered),
    )
