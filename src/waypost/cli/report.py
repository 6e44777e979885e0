"""The one form of the reports of `doctor`, `conformance` and `lint`.

The verdict first, then what was found: a code each, the most severe first, with its message and its
fix once and the places below; then a table of the clients; details at last, if they are wanted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from waypost.check.fault import SEVERITIES, Severity
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
from waypost.cli.reporting import quantity

PLACES_MAX: Final = 5
"""So many places of a code are shown, unless all are wanted."""
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
class Problem:
    """A code, wherever it was found.

    Attributes:
        message: what is wrong, as a clause.
        fix: what to do, as a clause.
        links: where the documentation explains it.
        places: where it was found, and what was seen there.
        count: of places, with those that are not in `places`.
        clients: the names of those that it breaks, as far as that is known.
        reach: how many clients it may break; the greatest comes first.
        is_cause: other findings follow from it, or cannot be made because of it.
    """

    code: str
    severity: Severity
    message: str
    fix: str
    links: tuple[str, ...]
    places: tuple[str, ...]
    count: int
    clients: tuple[str, ...] = ()
    reach: int = 0
    is_cause: bool = False


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client in the table.

    Attributes:
        verdict: as docs/conformance.md explains it.
        how: where its account comes from, or why it has none.
    """

    name: str
    verdict: str
    how: str


@dataclass(frozen=True, slots=True)
class Details:
    """A client or a rule, with all that is known of it; shown with --verbose."""

    name: str
    verdict: str
    lines: tuple[str, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that is shown.

    Attributes:
        subject: what was looked at.
        verdict: what came of it; with the subject it is the first line.
        problems: in any order.
        clients: the table; empty for none.
        remarks: lines below the table.
        details: shown if they are wanted.
    """

    subject: str
    verdict: str
    problems: Sequence[Problem] = ()
    clients: Sequence[ClientRow] = ()
    remarks: Sequence[str] = ()
    details: Sequence[Details] = ()


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Order by severity, then by how many clients they break; causes come first of all."""
    return sorted(
        problems,
        key=lambda one: (not one.is_cause, SEVERITIES.index(one.severity), -one.reach),
    )


def counts(problems: Iterable[Problem]) -> str:
    """Count problems by severity: `3 errors, 1 note`; empty if there is none."""
    severities = [one.severity for one in problems]
    numbers = ((severities.count(severity), severity) for severity in SEVERITIES)
    return ", ".join(quantity(number, severity) for number, severity in numbers if number)


def print_report(report: Report, *, verbose: bool, every: bool = False) -> None:
    """Write a report to standard output.

    Args:
        report: what was found.
        verbose: with all details.
        every: with all places.
    """
    show(lines(report, width_of_terminal(), verbose=verbose, every=every))


def text(report: Report, width: int | None, *, verbose: bool = False, every: bool = False) -> str:
    """Return a report as a pipe gets it, or a terminal of this width without its colours."""
    shown = lines(report, width, verbose=verbose, every=every)
    return "".join(f"{plain(line)}\n" for line in shown)


def lines(
    report: Report, width: int | None, *, verbose: bool, every: bool = False
) -> Iterator[Line]:
    """Return the lines of a report.

    Args:
        report: what was found.
        width: of the terminal; None for a pipe, where lines are not wrapped.
        verbose: with all details.
        every: with all places.
    """
    yield from hanging((), f"{clean(report.subject)}: {clean(report.verdict)}", 2, width, "bold")
    total = sum(1 for row in report.clients if row.verdict != "not offered")
    for problem in ordered(report.problems):
        yield ()
        whole = every or verbose
        yield from _problem(problem, total, width, every=whole, links=None if verbose else 1)
    if report.clients or report.remarks:
        yield ()
    yield from _table(report.clients, width)
    for remark in report.remarks:
        yield from hanging((), clean(remark), 2, width)
    for one in report.details if verbose else ():
        yield ()
        yield from _details(one, width)


def _problem(
    problem: Problem, total: int, width: int | None, *, every: bool, links: int | None
) -> Iterator[Line]:
    """Return the lines of a problem; `total` is how many clients it can break, 0 if unknown."""
    head = Part(problem.severity, _STYLES[problem.severity]), Part(f" {problem.code}: ", "bold")
    yield from hanging(head, problem.message, 2, width)
    if problem.clients:
        names = clean(", ".join(problem.clients))
        if len(problem.clients) >= total > 1:
            names = f"all {total} clients"
        yield from hanging((Part("  breaks: "),), names, 4, width)
    shown = problem.places if every else problem.places[:PLACES_MAX]
    for place in shown:
        yield from hanging((Part("  - "),), clean(place), 4, width)
    if more := problem.count - len(shown):
        yield (Part(f"  and {more:,} more"),)
    yield from hanging((Part("  fix: ", "green"),), problem.fix, 4, width)
    for link in problem.links[:links]:
        yield (Part(f"  see {link}", "dim"),)


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
    yield (Part(f"  see {one.link}", "dim"),)
