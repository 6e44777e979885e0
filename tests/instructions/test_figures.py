"""The comparison of counted instructions with recorded ones."""

from pathlib import Path

import pytest

from tests.instructions import figures
from tests.instructions.cases import cases
from tests.instructions.figures import Figures

RECORDED = Figures({"a": 1000, "b": 2000}, {"python": "3.11.7", "lxml": "6.0"})


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({"a": 1050, "b": 10}, []),
        ({"a": 1051, "b": 2000}, ["a: 1,051 instructions, +5.1% (recorded: 1,000)"]),
        ({"a": 1000}, ["b: recorded, but not counted"]),
        ({"a": 1000, "b": 2000, "c": 1}, ["c: not recorded"]),
    ],
)
def test_problems(counted: dict[str, int], expected: list[str]) -> None:
    """A case with more than 5 % more, a missing and a new one are named, and no other one."""
    assert list(figures.problems(RECORDED, Figures(counted, {}))) == expected


def test_failure() -> None:
    """The text of a failure names the case, the changed libraries and the command to record."""
    counted = Figures({"a": 2000}, {"python": "3.11.7", "lxml": "6.1"})
    text = figures.failure(["a: +100%"], RECORDED, counted)
    assert "  a: +100%\n  other version: lxml is 6.1, and was 6.0\n" in text
    assert "python is" not in text
    assert f"`{figures.RECORD}`" in text


def test_written(tmp_path: Path) -> None:
    """The figures of one Python replace only those of the same build."""
    file = tmp_path / "figures.json"
    file.write_text("{}", encoding="utf-8")
    figures.write("3.11", RECORDED, file)
    figures.write("3.14", Figures({"a": 1}, {}), file)
    figures.write("3.11", Figures({"a": 2}, {}), file)
    assert figures.read(file) == {"3.11": Figures({"a": 2}, {}), "3.14": Figures({"a": 1}, {})}


def test_recorded_cases() -> None:
    """The recorded figures of each Python have exactly the cases that are counted."""
    recorded = figures.read()
    assert recorded
    for one in recorded.values():
        assert list(one.instructions) == [case.name for case in cases()]
