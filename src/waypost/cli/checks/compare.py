"""`waypost compare`: compare the answers of two running servers, before a switch."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.cli.options import DbUriFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import EXIT_FINDINGS, print_json, print_line, print_stderr, quantity
from waypost.cli.progress import with_progress_bar
from waypost.cli.sources.catalogs import load_catalog
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, DomainError, ProblemsError, RequestError
from waypost.database.engine import read_connection
from waypost.diagnostics.comparison.compare import Comparison, DomainComparison
from waypost.diagnostics.comparison.server import CheckedServer, check_reachable
from waypost.settings import Settings
from waypost.store.sql.row_check import domain_names

PROGRESS_FROM: Final = 200
PROBLEMS_SHOWN: Final = 20
DETAILS_KEPT: Final = 1000

OldFlag = Annotated[
    str, typer.Option("--old", metavar="URL", help="The server that is in use now.")
]
NewFlag = Annotated[
    str, typer.Option("--new", metavar="URL", help="The server that will replace the old one.")
]
DomainsFlag = Annotated[
    Path | None,
    typer.Option(
        "--domains", metavar="FILE", help="Domains, one per line. Default: all domains of Waypost."
    ),
]
LocalPartFlag = Annotated[
    str,
    typer.Option(
        "--local-part", "--user", metavar="NAME", help="The local part of the test addresses."
    ),
]
JobsFlag = Annotated[
    int,
    typer.Option("--jobs", metavar="N", min=1, max=64, help="Number of domains at the same time."),
]
TimeoutFlag = Annotated[
    float,
    typer.Option(
        "--timeout", metavar="SECONDS", min=0.1, max=300, help="Time limit for each answer."
    ),
]
ShowExpectedFlag = Annotated[
    bool, typer.Option("--show-expected", help="Also print each expected difference.")
]


@dataclass(slots=True)
class _Summary:
    """The result of a comparison; the number of details is limited, counts are exact."""

    domains: int = 0
    unexpected: int = 0
    expected: Counter[str] = field(default_factory=Counter)
    details: list[dict[str, str]] = field(default_factory=list)


def compare(  # noqa: PLR0913, PLR0917 -- one for each flag
    old: OldFlag,
    new: NewFlag,
    domains: DomainsFlag = None,
    local_part: LocalPartFlag = "postmaster",
    jobs: JobsFlag = 4,
    timeout: TimeoutFlag = 10.0,
    show_expected: ShowExpectedFlag = False,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare the answers of two servers.

    Both servers are asked for every domain in every format. Intended differences between
    automx2 and Waypost are counted as expected. Exit code 1 if there is any other difference.
    """
    _check_local_part(local_part)
    names = (
        _read_domains(domains)
        if domains
        else _served_domains(load_settings(providers, db_uri=db_uri))
    )
    servers = _server("--old", old, timeout), _server("--new", new, timeout)
    comparison = Comparison(*servers, local_part, timeout)
    summary = _Summary()
    results = comparison.compare_all(names, jobs)
    if len(names) >= PROGRESS_FROM:
        results = with_progress_bar(results, "Comparing", len(names))
    for compared in results:
        _count_differences(summary, compared)
        if not as_json:
            _print_differences(compared, show_expected)
    _print_summary(summary, as_json)
    if summary.unexpected:
        raise typer.Exit(EXIT_FINDINGS)


def _server(option: str, url: str, timeout_seconds: float) -> CheckedServer:
    try:
        server = CheckedServer.parse(url)
        check_reachable(server, timeout_seconds)
    except RequestError as error:
        raise RequestError(f"{option}: {error}") from error
    return server


def _check_local_part(local_part: str) -> None:
    try:
        EmailAddress.parse(f"{local_part}@example.com")
    except AddressError as error:
        raise AddressError(f"--local-part: {error}") from error


def _read_domains(path: Path) -> list[str]:
    """Read domains, one per line; skip empty lines and comments."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RequestError(f"--domains: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RequestError(f"--domains: {path} is not UTF-8 (byte {error.start})") from error
    names, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        name = line.partition("#")[0].strip()
        if not name:
            continue
        try:
            DomainName.parse(name)
        except DomainError as error:
            problems.append(f"{path}:{number}: {error}")
        names.append(name)
    if problems:
        more = len(problems) - PROBLEMS_SHOWN
        lines = quantity(more, "more line like this", "more lines like these")
        more_lines = [f"{path}: {lines}"] if more > 0 else []
        raise ProblemsError(problems[:PROBLEMS_SHOWN] + more_lines)
    if not names:
        raise RequestError(f"--domains: {path} contains no domain")
    return names


def _served_domains(settings: Settings) -> list[str]:
    """Return the domains as they are stored, because automx2 compares them case-sensitively."""
    if settings.uses_providers_file:
        stored = [domain.pattern.text for domain in load_catalog(settings).domains]
    else:
        with open_database(settings) as engine, read_connection(engine) as connection:
            stored = list(domain_names(connection))
    names = [name for name in stored if _is_domain(name)]
    if len(names) < len(stored):
        singular = "name is a pattern or not a domain, and is skipped"
        plural = "names are patterns or not domains, and are skipped"
        print_stderr(quantity(len(stored) - len(names), singular, plural))
    if not names:
        raise RequestError("there are no domains to compare; list some with --domains FILE")
    return names


def _is_domain(name: str) -> bool:
    try:
        DomainName.parse(name)
    except DomainError:
        return False
    return True


def _count_differences(summary: _Summary, compared: DomainComparison) -> None:
    summary.domains += 1
    for format_name, difference in compared.differences:
        if difference.expected:
            summary.expected[f"{format_name}: {difference.kind}"] += 1
            continue
        summary.unexpected += 1
        if len(summary.details) < DETAILS_KEPT:
            summary.details.append(
                {"domain": compared.domain, "format": format_name, "difference": str(difference)}
            )


def _print_differences(compared: DomainComparison, show_expected: bool) -> None:
    for format_name, difference in compared.differences:
        if not difference.expected:
            print_line(f"{compared.domain} {format_name}: {difference}")
        elif show_expected:
            print_line(f"{compared.domain} {format_name}: expected: {difference}")


def _print_summary(summary: _Summary, as_json: bool) -> None:
    expected = dict(sorted(summary.expected.items()))
    if as_json:
        print_json(
            {
                "domains": summary.domains,
                "unexpected": summary.unexpected,
                "differences": summary.details,
                "expected": expected,
            }
        )
        return
    for kind, count in expected.items():
        print_stderr(f"expected, {quantity(count, 'time')}: {kind}")
    unexpected = quantity(summary.unexpected, "difference")
    more = quantity(sum(expected.values()), "expected one")
    print_stderr(f"{quantity(summary.domains, 'domain')}: {unexpected}, {more}")
