"""The layout of the reports of `doctor`, `conformance` and `lint`.

The first line is the verdict. Then each code follows, the most severe first: its message, its
places and its fix. Then a table of the clients follows, and with --verbose the details.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from waypost.cli.layout import (
    Line,
    Part,
    display_width,
    hanging_indent,
    plain_text,
    print_lines,
    sanitize,
    terminal_width,
    wrap,
)
from waypost.cli.output import quantity
from waypost.diagnostics.diagnostic import SEVERITIES
from waypost.diagnostics.grouping import DiagnosticGroup, sort_groups

MAX_PLACES: Final = 5
"""The number of places of a code that a report shows without --all or --verbose."""
_STYLES: Final = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "works": "green",
    "works with warnings": "yellow",
    "fails": "red",
    "not offered": "dim",
    "not checked": "magenta",
}
_SHORT_VERDICTS: Final = {"works with warnings": "warnings"}
_COLUMN_GAP: Final = "  "
_MIN_NAME_WIDTH: Final = 20
_MIN_REASON_WIDTH: Final = 28
_USUAL_REASON_WIDTH: Final = 44


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client in the table.

    Attributes:
        verdict: see docs/conformance.md.
        reason: the source of its account, or why it has none.
    """

    name: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Details:
    """All results for a client or a rule; shown with --verbose."""

    name: str
    verdict: str
    lines: tuple[str, ...]
    link: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All parts of a report.

    Attributes:
        subject: what was checked.
        verdict: the result; with the subject it is the first line.
        groups: what was found, by code, in any order.
        clients: the table; empty for none.
        remarks: lines below the table.
        details: shown with --verbose.
    """

    subject: str
    verdict: str
    groups: Sequence[DiagnosticGroup] = ()
    clients: Sequence[ClientRow] = ()
    remarks: Sequence[str] = ()
    details: Sequence[Details] = ()


def severity_counts(groups: Iterable[DiagnosticGroup]) -> str:
    """Return the number of codes by severity: `3 errors, 1 note`; empty if there is none."""
    severities = [group.severity for group in groups]
    numbers = ((severities.count(severity), severity) for severity in SEVERITIES)
    return ", ".join(quantity(number, severity) for number, severity in numbers if number)


def print_report(report: CheckReport, *, verbose: bool, show_all: bool = False) -> None:
    """Write a report to standard output.

    Args:
        report: the report.
        verbose: with all details.
        show_all: with all places.
    """
    print_lines(report_lines(report, terminal_width(), verbose=verbose, show_all=show_all))


def report_text(
    report: CheckReport, width: int | None, *, verbose: bool = False, show_all: bool = False
) -> str:
    """Return a report as text for a pipe, or for a terminal of this width, without colours."""
    lines = report_lines(report, width, verbose=verbose, show_all=show_all)
    return "".join(f"{plain_text(line)}\n" for line in lines)


def report_lines(
    report: CheckReport, width: int | None, *, verbose: bool, show_all: bool = False
) -> Iterator[Line]:
    """Return the lines of a report.

    Args:
        report: the report.
        width: of the terminal; None for a pipe, where lines are not wrapped.
        verbose: with all details.
        show_all: with all places.
    """
    yield from hanging_indent(
        (), f"{sanitize(report.subject)}: {sanitize(report.verdict)}", 2, width, "bold"
    )
    total = sum(1 for row in report.clients if row.verdict != "not offered")
    for group in sort_groups(report.groups):
        yield ()
        show_all_places = show_all or verbose
        yield from _group(
            group, total, width, show_all=show_all_places, links=None if verbose else 1
        )
    if report.clients or report.remarks:
        yield ()
    yield from _table(report.clients, width)
    for remark in report.remarks:
        yield from hanging_indent((), sanitize(remark), 2, width)
    for details in report.details if verbose else ():
        yield ()
        yield from _details(details, width)


def _group(
    group: DiagnosticGroup, total: int, width: int | None, *, show_all: bool, links: int | None
) -> Iterator[Line]:
    """Return the lines of a code; `total` is the number of clients, 0 if unknown."""
    head = Part(group.severity, _STYLES[group.severity]), Part(f" {group.code}: ", "bold")
    yield from hanging_indent(head, group.definition.message, 2, width)
    if group.broken_clients:
        names = sanitize(", ".join(group.broken_clients))
        if len(group.broken_clients) >= total > 1:
            names = f"all {total} clients"
        yield from hanging_indent((Part("  breaks: "),), names, 4, width)
    places = group.places if show_all else group.places[:MAX_PLACES]
    for place in places:
        yield from hanging_indent((Part("  - "),), sanitize(place), 4, width)
    if more := group.count - len(places):
        yield (Part(f"  and {more:,} more"),)
    yield from hanging_indent((Part("  fix: ", "green"),), group.definition.fix, 4, width)
    for link in group.links[:links]:
        yield (Part(f"  see: {link}", "dim"),)


def _table(rows: Sequence[ClientRow], width: int | None) -> Iterator[Line]:
    if not rows:
        return
    name_width = max(display_width(row.name) for row in rows)
    verdict_width = max(len(_SHORT_VERDICTS.get(row.verdict, row.verdict)) for row in rows)
    reason_width = None
    if width is not None:
        available = width - verdict_width - 2 * len(_COLUMN_GAP)
        name_width = min(name_width, max(_MIN_NAME_WIDTH, available - _USUAL_REASON_WIDTH))
        reason_width = available - name_width
    for row in rows:
        verdict_part = Part(_SHORT_VERDICTS.get(row.verdict, row.verdict), _STYLES[row.verdict])
        reason = sanitize(row.reason)
        if reason_width is not None and reason_width < _MIN_REASON_WIDTH:
            yield from hanging_indent(
                (Part(f"{row.name}: "),), verdict_part.text, 2, width, verdict_part.style
            )
            yield from hanging_indent((Part("  "),), reason, 2, width) if reason else ()
            continue
        verdict = (verdict_part, Part(" " * (verdict_width - len(verdict_part.text))))
        cells_of_row = zip_longest(
            wrap(row.name, name_width), wrap(reason, reason_width), fillvalue=""
        )
        for number, (name, reason_line) in enumerate(cells_of_row):
            verdict_cell = verdict if not number else (Part(" " * verdict_width),)
            name_cell = Part(name + " " * (name_width - display_width(name)) + _COLUMN_GAP)
            yield (name_cell, *verdict_cell, Part(f"{_COLUMN_GAP}{reason_line}"))


def _details(details: Details, width: int | None) -> Iterator[Line]:
    head = (Part(f"{sanitize(details.name)}: ", "bold"),)
    yield from hanging_indent(head, details.verdict, 2, width, _STYLES[details.verdict])
    for line in details.lines:
        yield from hanging_indent((Part("  - "),), sanitize(line), 4, width)
    yield (Part(f"  see: {details.link}", "dim"),)
