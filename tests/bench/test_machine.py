"""The cores of the programs, and their memory."""

import os

import pytest
from bench.machine import Memory, cores, memory, parsed_memory, pinned

CORES = [
    # available cores, core of a server, cores of two workers, core of wrk, a part of the note
    ([3], {3}, {3}, {3}, "There is one core"),
    ([0, 1], {0}, {0, 1}, {1}, "share core 1 with wrk"),
    ([7, 2, 4, 5], {2}, {2, 4}, {5}, "wrk on 5"),
]


@pytest.mark.parametrize(("available", "server", "both", "load", "note"), CORES)
def test_cores(
    available: list[int], server: set[int], both: set[int], load: set[int], note: str
) -> None:
    """Wrk has its own core if there are two, and three are enough for two workers and wrk."""
    found = cores(available)
    assert [set(found.server), set(found.both), set(found.load)] == [server, both, load]
    assert note in found.note


def test_pinned() -> None:
    """A command runs on the named cores."""
    assert pinned(["a", "b"], frozenset({4, 1})) == ["taskset", "--cpu-list", "1,4", "a", "b"]


def test_parsed_memory() -> None:
    """The sums of `smaps_rollup` are read, in MB of 1,000,000 bytes."""
    text = "Rss:  78125 kB\nPss:  39062 kB\nPss_Anon:  100 kB\nShared_Clean: 5 kB\n"
    assert parsed_memory(text) == Memory(rss=80.0, pss=39.999488)


def test_memory_of_this_process() -> None:
    """A real process has resident memory, and its proportional part is not larger."""
    found = memory(os.getpid())
    assert 1 < found.pss <= found.rss
