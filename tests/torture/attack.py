"""An attack, and its figures."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.torture.companion import Companion
from tests.torture.outputs import Output
from tests.torture.server import Server

ROOM: Final = 10
ROOM_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number with its bound.

    Attributes:
        name: what was measured.
        value: how much it was.
        unit: of both numbers, such as `MB`, `s` or `requests`.
        bound: the greatest good value; with `at_least`, the smallest one.
        at_least: whether more is better.
        is_timing: whether it depends on the speed of the machine; all times in `s` or `ms` do.
    """

    name: str
    value: float
    unit: str
    bound: float
    at_least: bool = False
    is_timing: bool = False

    @property
    def holds(self) -> bool:
        """Whether the value is within its bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def holds_with_room(self) -> bool:
        """Whether the value is within its bound on a machine that has other work as well.

        What depends on the speed may be ten times its bound, and a time always 20 seconds: a wait
        that does not end has the value infinity. All other numbers are compared as in `holds`.
        """
        if not (self.is_timing or self.unit in {"s", "ms"}):
            return self.holds
        return self.value <= max(ROOM * self.bound, ROOM_SECONDS if self.unit == "s" else 0.0)


@dataclass(frozen=True, slots=True)
class Attack:
    """A harmful action of a client, a full disk or a dying process against a server.

    Attributes:
        name: a few words, such as `pipelining without reading`.
        promise: the promise it tests: the number of a promise in SECURITY.md, or `operation`.
        run: runs the attack, and returns what it measured.
        workers: the numbers of workers with which it is run.
        options: options of `waypost serve` in addition to the usual ones.
        memory: the limit of address space for each process, in MB; None for no limit.
        descriptors: how many files a process may open.
        environment: environment variables in addition to the usual ones.
        companion: starts what runs next to the server, such as a database, before it, and ends it
            afterwards; takes the folder of the server.
        probed: whether a regular probe must be answered all the time.
        lost: how many probes may fail, because the attack stops the worker that answers them.
        disk: how large its own file systems on TMPDIR and /dev/shm are, in KB; with 0 no file can
        be created there; None for those of the machine.
        stops_within: how long SIGTERM may take afterwards, in seconds.
        prepare: writes the files that the server is started with into its folder.
        stderr: returns its standard error; None for a file, which is searched for tracebacks.
        slowest: how long the slowest answer during the attack may take, in seconds.
    """

    name: str
    promise: str
    run: Callable[[Server], list[Figure]]
    workers: tuple[int, ...] = (1, 2)
    options: tuple[str, ...] = ()
    memory: int | None = 1024
    descriptors: int = 256
    environment: dict[str, str] = field(default_factory=dict)
    companion: Callable[[Path], AbstractContextManager[Companion]] | None = None
    probed: bool = True
    lost: int = 0
    disk: int | None = None
    stops_within: float = 12.0
    prepare: Callable[[Path], None] | None = None
    stderr: Output | None = None
    slowest: float = 1.0
