"""A clock of one process that can be set while the process runs, by libfaketime."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.requirements import require


@dataclass(frozen=True, slots=True)
class FakeClock:
    """A clock that processes with this environment have.

    Attributes:
        environment: the variables of libfaketime.
    """

    environment: Mapping[str, str]
    _file: Path

    def set(self, offset: str) -> None:
        """Set the clock, within a bit more than a second.

        Args:
            offset: from the real time: `+10y`, `-50y` or `+0`.
        """
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n", encoding="ascii")
        new.replace(self._file)


def fake_clock(folder: Path) -> FakeClock:
    """Return a clock that shows the real time; skip if libfaketime is not installed."""
    require(files=[_library()])
    clock = clock_of(folder)
    clock.set("+0")
    return clock


def clock_of(folder: Path) -> FakeClock:
    """Return the clock whose file is in a folder."""
    environment = {
        "LD_PRELOAD": f"{_library()}",
        "FAKETIME_TIMESTAMP_FILE": f"{folder}/clock",
        "FAKETIME_CACHE_DURATION": "1",
        # As it is with a real clock: nothing sets CLOCK_MONOTONIC, and no file's times change.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        # Otherwise threads that wait for a lock use all of a core (libfaketime 0.9.10).
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }
    return FakeClock(environment, folder / "clock")


def _library() -> Path:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else Path("/usr/lib/faketime/libfaketimeMT.so.1")
