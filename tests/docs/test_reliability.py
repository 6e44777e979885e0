"""The page about faults: a line for each fault of `make torture`, with its events in the log."""

import re
from typing import Final

from tests.docs.pages import ROOT
from tests.torture.faults import faults

_PAGE: Final = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def _lines() -> list[list[str]]:
    """Return the cells of each line of the first table, without its head."""
    table = _PAGE.partition("| fault |")[2].partition("\n\n")[0]
    rows = [line for line in table.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_each_fault_has_its_line() -> None:
    """The table has the faults in their order, and says something about each of them."""
    lines = _lines()
    assert [cells[0] for cells in lines] == [fault.name for fault in faults()]
    assert all(len(cells) == 4 and all(cells) for cells in lines)


def test_events_are_those_that_the_faults_check() -> None:
    """The events of a line are those that `make torture` searches in the log."""
    events = {cells[0]: set(re.findall(r"`([^`]+)`", cells[2])) for cells in _lines()}
    assert events == {fault.name: set(fault.log) for fault in faults()}
