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
    cells,
    clean,
    hanging,
    plain,
    show,
    width_of_terminal,
    wrapped,
)
from waypost.cli.output import quantity
from waypost.diagnostics.diagnostic import SEVERITIES
from waypost.diagnostics.grouping import DiagnosticGroup, ordered

PLACES_MAX: Final = 5
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
_SHORT: Final = {"works with warnings": "warnings"}
_GAP: Final = "  "
_NAME_MIN: Final = 20
_HOW_MIN: Final = 28
_HOW_USUAL: Final = 44


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client in the table.

    Attributes:
        verdict: see docs/conformance.md.
        how: the source of its account, or why it has none.
    """

    name: str
    verdict: str
    how: str


@dataclass(frozen=True, slots=True)
class Details:
    """All results for a client or a rule; shown with --verbose."""

    name: str
    verdict: str
    lines: tuple[str, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Report:
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


def counts(groups: Iterable[DiagnosticGroup]) -> str:
    """Return the number of codes by severity: `3 errors, 1 note`; empty if there is none."""
    severities = [one.severity for one in groups]
    numbers = ((severities.count(severity), severity) for severity in SEVERITIES)
    return ", ".join(quantity(number, severity) for number, severity in numbers if number)


def print_report(report: Report, *, verbose: bool, every: bool = False) -> None:
    """Write a report to standard output.

    Args:
        report: the report.
        verbose: with all details.
        every: with all places.
    """
    show(lines(report, width_of_terminal(), verbose=verbose, every=every))


def text(report: Report, width: int | None, *, verbose: bool = False, every: bool = False) -> str:
    """Return a report as text for a pipe, or for a terminal of this width, without colours."""
    shown = lines(report, width, verbose=verbose, every=every)
    return "".join(f"{plain(line)}\n" for line in shown)


def lines(
    report: Report, width: int | None, *, verbose: bool, every: bool = False
) -> Iterator[Line]:
    """Return the lines of a report.

    Args:
        report: the report.
        width: of the terminal; None for a pipe, where lines are not wrapped.
        verbose: with all details.
        every: with all places.
    """
    yield from hanging((), f"{clean(report.subject)}: {clean(report.verdict)}", 2, width, "bold")
    total = sum(1 for row in report.clients if row.verdict != "not offered")
    for group in ordered(report.groups):
        yield ()
        whole = every or verbose
        yield from _group(group, total, width, every=whole, links=None if verbose else 1)
    if report.clients or report.remarks:
        yield ()
    yield from _table(report.clients, width)
    for remark in report.remarks:
        yield from hanging((), clean(remark), 2, width)
    for one in report.details if verbose else ():
        yield ()
        yield from _details(one, width)


def _group(
    group: DiagnosticGroup, total: int, width: int | None, *, every: bool, links: int | None
) -> Iterator[Line]:
    """Return the lines of a code; `total` is the number of clients, 0 if unknown."""
    head = Part(group.severity, _STYLES[group.severity]), Part(f" {group.code}: ", "bold")
    yield from hanging(head, group.about.message, 2, width)
    if group.breaks:
        names = clean(", ".join(group.breaks))
        if len(group.breaks) >= total > 1:
            names = f"all {total} clients"
        yield from hanging((Part("  breaks: "),), names, 4, width)
    shown = group.places if every else group.places[:PLACES_MAX]
    for place in shown:
        yield from hanging((Part("  - "),), clean(place), 4, width)
    if more := group.count - len(shown):
        yield (Part(f"  and {more:,} more"),)
    yield from hanging((Part("  fix: ", "green"),), group.about.fix, 4, width)
    for link in group.links[:links]:
        yield (Part(f"  see: {link}", "dim"),)


def _table(rows: Sequence[ClientRow], width: int | None) -> Iterator[Line]:
    if not rows:
        return
    names = max(cells(row.name) for row in rows)
    verdicts = max(len(_SHORT.get(row.verdict, row.verdict)) for row in rows)
    if width is not None:
        names = min(names, max(_NAME_MIN, width - verdicts - _HOW_USUAL - 2 * len(_GAP)))
    room = None if width is None else width - names - verdicts - 2 * len(_GAP)
    for row in rows:
        said = Part(_SHORT.get(row.verdict, row.verdict), _STYLES[row.verdict])
        how = clean(row.how)
        if room is not None and room < _HOW_MIN:
            yield from hanging((Part(f"{row.name}: "),), said.text, 2, width, said.style)
            yield from hanging((Part("  "),), how, 2, width) if how else ()
            continue
        verdict = (said, Part(" " * (verdicts - len(said.text))))
        cells_of_row = zip_longest(wrapped(row.name, names), wrapped(how, room), fillvalue="")
        for number, (name, what) in enumerate(cells_of_row):
            middle = verdict if not number else (Part(" " * verdicts),)
            shown = Part(name + " " * (names - cells(name)) + _GAP)
            yield (shown, *middle, Part(f"{_GAP}{what}"))


def _details(one: Details, width: int | None) -> Iterator[Line]:
    head = (Part(f"{clean(one.name)}: ", "bold"),)
    yield from hanging(head, one.verdict, 2, width, _STYLES[one.verdict])
    for line in one.lines:
        yield from hanging((Part("  - "),), clean(line), 4, width)
    yield (Part(f"  see: {one.link}", "dim"),)
