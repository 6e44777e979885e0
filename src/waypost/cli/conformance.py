"""`waypost conformance`: any server, seen through all recorded clients."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.address import DomainName, EmailAddress
from waypost.cli.reporting import FINDINGS, note, say, say_json
from waypost.cli.sources import JsonFlag
from waypost.errors import AddressError, RequestError

if TYPE_CHECKING:
    from waypost.check.conformance import Report
    from waypost.check.resolving import Dns

EXAMPLE: Final = "Example: waypost conformance http://127.0.0.1:4243 example.com"

UrlArgument = Annotated[
    str, typer.Argument(metavar="URL", help="The server; everything is sent there.")
]
DomainArgument = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="A mail domain that it serves.")
]
AddressFlag = Annotated[
    str, typer.Option("--address", metavar="LOCALPART", help="Whose address, before the @.")
]
UnservedFlag = Annotated[
    str, typer.Option("--unserved", metavar="DOMAIN", help="A domain that it does not serve.")
]
TimeoutFlag = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", min=0.1, max=60, help="Time for an answer."),
]
TotalFlag = Annotated[
    float,
    typer.Option("--total", metavar="SECONDS", min=1, max=3600, help="Time for all answers."),
]
ResolverFlag = Annotated[
    str,
    typer.Option(
        "--resolver",
        metavar="ADDRESS[:PORT]",
        help="Ask this resolver for SRV, MX and TXT records, or `system`; none by default.",
    ),
]
AlsoFlag = Annotated[
    list[str] | None,
    typer.Option("--also", metavar="HOST", help="Another host name of this server; repeatable."),
]
InsecureFlag = Annotated[bool, typer.Option("--insecure", help="Do not check certificates.")]


def conformance(  # noqa: PLR0913, PLR0917 -- one for each flag
    url: UrlArgument,
    domain: DomainArgument,
    address: AddressFlag = "postmaster",
    unserved: UnservedFlag = "waypost-conformance.invalid",
    timeout: TimeoutFlag = 10.0,
    total: TotalFlag = 120.0,
    also: AlsoFlag = None,
    insecure: InsecureFlag = False,
    resolver: ResolverFlag = "",
    as_json: JsonFlag = False,
) -> None:
    """Let all recorded mail clients ask a server, and tell which can set up an account.

    Any server will do: Waypost, automx2, static files. Exit code 1 where anything is wrong.
    """
    from waypost.check.asking import Server  # noqa: PLC0415 -- quick start
    from waypost.check.conformance import reports, steps  # noqa: PLC0415 -- quick start
    from waypost.check.name_servers import read_server  # noqa: PLC0415 -- quick start
    from waypost.check.probes import Asked  # noqa: PLC0415 -- quick start
    from waypost.check.resolving import Dns  # noqa: PLC0415 -- quick start
    from waypost.check.wire import Limits, Wire  # noqa: PLC0415 -- quick start

    served, foreign = _domain("DOMAIN", domain), _domain("--unserved", unserved)
    try:
        EmailAddress.parse(f"{address}@{served}")
    except AddressError as error:
        raise AddressError(f"--address: {error}") from error
    if foreign == served:
        raise RequestError(f"--unserved: {foreign} is the domain that is served")
    limits = Limits(timeout_seconds=timeout, total_seconds=total)
    server = Server.parse(url)
    names = Dns(read_server(resolver), timeout) if resolver else None
    hosts = served, foreign, *(_domain("--also", one) for one in also or ())
    wire = Wire(server, hosts, limits, checks_certificates=not insecure)
    wire.check_reachable()
    asked = Asked(wire, address, served, foreign, names)
    found = []
    for report in _with_progress(reports(asked), steps(asked)):
        found.append(report)
        if not as_json:
            _print(report)
    if as_json:
        say_json(_as_json(url, served, found, wire.is_exhausted, names))
    _summary(found, len(wire.exchanges))
    failed = names.failed if names else []
    for line in failed:
        note(f"warning: {_clean(line)}")
    if wire.is_exhausted:
        note("warning: it took too long, so that not everything was asked; see --total")
    if wire.is_exhausted or failed or any(_is_bad(report) for report in found):
        raise typer.Exit(FINDINGS)


def _domain(option: str, text: str) -> str:
    try:
        return DomainName.parse(text).ascii
    except AddressError as error:
        raise AddressError(f"{option}: {error}") from error


def _is_bad(report: "Report") -> bool:
    return report.verdict in {"fails", "works with warnings"}


def _with_progress(results: "Iterable[Report]", total: int) -> "Iterator[Report]":
    """Show how far it is, where there is somebody to see it."""
    if not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console  # noqa: PLC0415 -- quick start
    from rich.progress import track  # noqa: PLC0415 -- quick start

    console = Console(stderr=True)
    yield from track(results, "Asking", total, console=console, transient=True)


def _print(report: "Report") -> None:
    where = "" if report.kind == "client" else "server: "
    say(f"{where}{report.name}: {report.verdict}")
    if report.account:
        say(f"    {_clean(str(report.account))}")
    for place in report.beside:
        say(f"    {_clean(place)}")
    for finding in report.findings:
        say(f"    - {_clean(finding)}")
    if _is_bad(report):
        say(f"    see {report.link}")


def _clean(text: str) -> str:
    """Keep what a server said from playing with the terminal; it need not even be Unicode."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= 400 else f"{shown[:400]}…"


def _as_json(
    url: str,
    domain: str,
    found: "Iterable[Report]",
    is_exhausted: bool,
    names: "Dns | None",
) -> dict[str, object]:
    rows: dict[str, list[dict[str, object]]] = {"client": [], "server": []}
    for report in found:
        rows[report.kind].append(
            {
                "key": report.key,
                "name": report.name,
                "verdict": report.verdict,
                "account": _clean(str(report.account)) if report.account else None,
                "beside": [_clean(place) for place in report.beside],
                "findings": [_clean(finding) for finding in report.findings],
                "link": report.link,
            }
        )
    complete = {"url": url, "domain": domain, "complete": not is_exhausted}
    unanswered = names.failed if names else None
    return {
        **complete,
        "unanswered": unanswered,
        "clients": rows["client"],
        "server": rows["server"],
    }


def _summary(found: "Iterable[Report]", requests: int) -> None:
    held = list(found)
    clients = [report for report in held if report.kind == "client"]
    working = sum(1 for report in clients if report.verdict in {"works", "works with warnings"})
    unknown = {"not offered", "not asked"}
    offered = sum(1 for report in clients if report.verdict not in unknown)
    broken = sum(1 for report in held if report.kind == "server" and report.verdict == "fails")
    rules = sum(1 for report in held if report.kind == "server")
    note(f"{working} of {offered} clients work; {broken} of {rules} rules are broken")
    note(f"{requests} requests")
