"""The table and its verdicts."""

import re

import pytest
from bench.table import Bound, Row, rounded, summary, text

BOUNDS = [
    # bound, value, whether it holds, text
    (Bound(0.7), 0.7, True, "at least 0.7"),
    (Bound(0.7), 0.69, False, "at least 0.7"),
    (Bound(2, most=True), 2.0, True, "at most 2"),
    (Bound(2, most=True), 2.01, False, "at most 2"),
]


@pytest.mark.parametrize(("bound", "value", "holds", "written"), BOUNDS)
def test_bounds(bound: Bound, value: float, holds: bool, written: str) -> None:
    """A bound allows its own value."""
    assert bound.holds(value) is holds
    assert str(bound) == written


ROWS = [
    # row, whether its target is reached
    (Row("a", "b", [1.0], ratio=0.8, bound=Bound(0.7)), True),
    (Row("a", "b", [1.0], ratio=0.6, bound=Bound(0.7)), False),
    (Row("a", "b", [1.0], ratio=0.6), None),
    (Row("a", "b", [1.0], ratio=None, bound=Bound(0.7)), None),
    (Row("a", "b", [], ratio=0.8, bound=Bound(0.7)), None),
    (Row("a", "b", [1.0, 50.0, 90.0], bound=Bound(55, most=True, times=False)), True),
    (Row("a", "b", [1.0, 56.0, 90.0], bound=Bound(55, most=True, times=False)), False),
]


@pytest.mark.parametrize(("row", "reached"), ROWS)
def test_verdicts(row: Row, reached: bool | None) -> None:
    """The verdict is about the ratio, or about the median of the values."""
    assert row.is_reached is reached


def test_text() -> None:
    """The table is Markdown with the median, the range, the ratio and the verdict of each row."""
    rows = [
        Row("one", "Waypost", [10.0, 30.0, 20.0], ratio=0.25, bound=Bound(0.7)),
        Row("case", "nginx", [80_000.0]),
        Row("case", "other", (), bound=Bound(1), failed="wrong"),
        Row("case", "third", [4.0], "s", bound=Bound(1)),
    ]
    lines = text(rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].startswith("|------|---------|-------:|")
    assert [re.sub(" +", " ", line) for line in lines[2:]] == [
        "| one | Waypost | 20.0 | 10.0 to 30.0 | requests/s | 0.250 of nginx | at least 0.7 | no |",
        "| case | nginx | 80,000 | 80,000 to 80,000 | requests/s | | | |",
        "| case | other | - | - | requests/s | | at least 1 | FAILED |",
        "| case | third | 4.00 | 4.00 to 4.00 | s | | at least 1 | no value |",
    ]


def test_summary() -> None:
    """The summary counts the targets, and those without a value."""
    assert summary([row for row, _ in ROWS]) == ("2 of 6 targets are reached, and 2 have no value.")
    assert summary([row for row, _ in ROWS[:2]]) == "1 of 2 targets are reached."


NUMBERS = [(81234.5, "81,234"), (100, "100"), (12.345, "12.3"), (1.234, "1.23"), (0.0456, "0.046")]


@pytest.mark.parametrize(("value", "written"), NUMBERS)
def test_rounded(value: float, written: str) -> None:
    """A number has three digits that count, and all digits before the point."""
    assert rounded(value) == written
