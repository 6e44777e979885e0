"""How reports of recorded clients are shown: for people, and for scripts."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from waypost.cli.reporting import say

if TYPE_CHECKING:
    from waypost.check.conformance import Report

_Result = TypeVar("_Result")


def is_bad(report: "Report") -> bool:
    """Tell whether something is to be done."""
    return report.verdict in {"fails", "works with warnings"}


def with_progress(results: Iterable[_Result], total: int) -> Iterator[_Result]:
    """Show how far it is, where there is somebody to see it."""
    if not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console  # noqa: PLC0415 -- quick start
    from rich.progress import track  # noqa: PLC0415 -- quick start

    console = Console(stderr=True)
    yield from track(results, "Asking", total, console=console, transient=True)


def print_report(report: "Report") -> None:
    """Write a report for people."""
    where = "" if report.kind == "client" else "server: "
    say(f"{where}{report.name}: {report.verdict}")
    if report.account:
        say(f"    {clean(str(report.account))}")
    for place in report.beside:
        say(f"    {clean(place)}")
    for finding in report.findings:
        say(f"    - {clean(finding)}")
    if is_bad(report):
        say(f"    see {report.link}")


def clean(text: str) -> str:
    """Keep what a server said from playing with the terminal; it need not even be Unicode."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= 400 else f"{shown[:400]}…"


def rows(found: "Iterable[Report]") -> dict[str, list[dict[str, object]]]:
    """Give the reports of clients and of rules, for scripts."""
    rows: dict[str, list[dict[str, object]]] = {"client": [], "server": []}
    for report in found:
        rows[report.kind].append(
            {
                "key": report.key,
                "name": report.name,
                "verdict": report.verdict,
                "account": clean(str(report.account)) if report.account else None,
                "beside": [clean(place) for place in report.beside],
                "findings": [clean(finding) for finding in report.findings],
                "link": report.link,
            }
        )
    return rows


def counted(found: "Iterable[Report]") -> tuple[int, int]:
    """Count the clients that work, and those that could."""
    clients = [report for report in found if report.kind == "client"]
    working = sum(1 for report in clients if report.verdict in {"works", "works with warnings"})
    offered = sum(1 for report in clients if report.verdict not in {"not offered", "not asked"})
    return working, offered
