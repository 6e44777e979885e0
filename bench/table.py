"""The table: one row for each program in each case, and the verdict on each target."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_COLUMNS: Final = (
    ("case", "---"),
    ("program", "---"),
    ("median", "---:"),
    ("min to max", "---:"),
    ("unit", "---"),
    ("compared", "---"),
    ("target", "---"),
    ("reached", "---"),
)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a value must reach.

    Attributes:
        value: the bound.
        most: whether it is the largest allowed value, and not the smallest.
        times: whether the ratio is compared, and not the value itself.
    """

    value: float
    most: bool = False
    times: bool = True

    def holds(self, value: float) -> bool:
        """Return whether a value is within the bound."""
        return value <= self.value if self.most else value >= self.value

    def __str__(self) -> str:
        return f"at {'most' if self.most else 'least'} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one program in one case.

    Attributes:
        case: the title of the case.
        program: the name of the program.
        values: the value of each round.
        unit: the unit of the values.
        ratio: the ratio of two medians; None if the row has none.
        meaning: what the ratio compares, with a place for it.
        bound: what must be reached; None if nothing must.
        failed: why there are no values.
    """

    case: str
    program: str
    values: Sequence[float]
    unit: str = "requests/s"
    ratio: float | None = None
    meaning: str = "{} of nginx"
    bound: Bound | None = None
    failed: str = ""

    @property
    def median(self) -> float:
        """The median of all rounds."""
        return statistics.median(self.values)

    @property
    def is_reached(self) -> bool | None:
        """Return whether the target is reached; None without a target, or without values."""
        if self.bound is None or not self.values:
            return None
        value = self.ratio if self.bound.times else self.median
        return None if value is None else self.bound.holds(value)


def text(rows: Iterable[Row]) -> str:
    """Return the table in Markdown, with columns of one width."""
    lines = [[name for name, _ in _COLUMNS], *(list(_cells(row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rights = [rule.endswith(":") for _, rule in _COLUMNS]
    written = [f"| {' | '.join(map(_aligned, line, widths, rights))} |" for line in lines]
    rule = "|" + "|".join(map(_rule, widths, rights)) + "|"
    return "\n".join([written[0], rule, *written[1:]])


def summary(rows: Sequence[Row]) -> str:
    """Return how many targets are reached."""
    verdicts = [row.is_reached for row in rows if row.bound is not None]
    text = f"{verdicts.count(True)} of {len(verdicts)} targets are reached"
    if unknown := verdicts.count(None):
        text += f", and {unknown} have no value"
    return f"{text}."


def rounded(value: float) -> str:
    """Return a number with three digits that count, and all digits before the point."""
    for least, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.3f}"


def _cells(row: Row) -> Iterator[str]:
    yield row.case
    yield row.program
    if row.values:
        yield rounded(row.median)
        yield f"{rounded(min(row.values))} to {rounded(max(row.values))}"
    else:
        yield from ("-", "-")
    yield row.unit
    yield "" if row.ratio is None else row.meaning.format(rounded(row.ratio))
    yield f"{row.bound or ''}"
    if row.failed:
        yield "FAILED"
    elif row.bound is None:
        yield ""
    else:
        yield {True: "yes", False: "no", None: "no value"}[row.is_reached]


def _aligned(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def _rule(width: int, right: bool) -> str:
    return "-" * (width + 1) + (":" if right else "-")
