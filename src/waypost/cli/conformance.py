"""`waypost conformance`: any server, seen through all recorded clients."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.address import DomainName, EmailAddress
from waypost.cli.client_reports import clean, counted, is_bad, print_report, rows, with_progress
from waypost.cli.reporting import FINDINGS, note, say_json
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
    from waypost.check.asking import Server, check_reachable  # noqa: PLC0415 -- quick start
    from waypost.check.conformance import reports, steps  # noqa: PLC0415 -- quick start
    from waypost.check.name_servers import read_server  # noqa: PLC0415 -- quick start
    from waypost.check.probes import Asked  # noqa: PLC0415 -- quick start
    from waypost.check.resolving import Dns  # noqa: PLC0415 -- quick start
    from waypost.check.wire import Limits, ToOneServer, Wire  # noqa: PLC0415 -- quick start

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
    wire = Wire(ToOneServer(server, hosts), limits, checks_certificates=not insecure)
    check_reachable(server, timeout)
    asked = Asked(wire, address, served, foreign, names)
    found = []
    for report in with_progress(reports(asked), steps(asked)):
        found.append(report)
        if not as_json:
            print_report(report)
    if as_json:
        say_json(_as_json(url, served, found, wire.is_exhausted, names))
    _summary(found, len(wire.exchanges))
    failed = names.failed if names else []
    for line in failed:
        note(f"warning: {clean(line)}")
    if wire.is_exhausted:
        note("warning: it took too long, so that not everything was asked; see --total")
    if wire.is_exhausted or failed or any(is_bad(report) for report in found):
        raise typer.Exit(FINDINGS)


def _domain(option: str, text: str) -> str:
    try:
        return DomainName.parse(text).ascii
    except AddressError as error:
        raise AddressError(f"{option}: {error}") from error


def _as_json(
    url: str,
    domain: str,
    found: "Iterable[Report]",
    is_exhausted: bool,
    names: "Dns | None",
) -> dict[str, object]:
    by_kind = rows(found)
    complete = {"url": url, "domain": domain, "complete": not is_exhausted}
    unanswered = names.failed if names else None
    return {
        **complete,
        "unanswered": unanswered,
        "clients": by_kind["client"],
        "server": by_kind["server"],
    }


def _summary(found: "Iterable[Report]", requests: int) -> None:
    held = list(found)
    working, offered = counted(held)
    broken = sum(1 for report in held if report.kind == "server" and report.verdict == "fails")
    rules = sum(1 for report in held if report.kind == "server")
    note(f"{working} of {offered} clients work; {broken} of {rules} rules are broken")
    note(f"{requests} requests")
