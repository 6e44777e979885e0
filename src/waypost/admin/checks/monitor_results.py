"""The last results of `waypost monitor`, for people who see all domains."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.monitor.results import KeptFinding, Subject
from waypost.monitor.state import LastRun, MonitorState
from waypost.monitor.state_file import FILE_NAME, MonitorStateUnreadable, read_state
from waypost.runtime.file_stamp import FileStamp, file_stamp

FINDINGS_MAX: Final = 50
CERTIFICATES_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class MonitorResults:
    """What the monitor knows.

    Attributes:
        problem: why the file cannot be read; empty if it can.
        last_run: the last run that ended; None before the end of the first run.
        subjects: those with findings, the most severe first.
        certificates: those that end first: the place, and the end in seconds since 1970.
        more: how many subjects with findings are not listed.
    """

    problem: str = ""
    last_run: LastRun | None = None
    subjects: Sequence[Subject] = ()
    certificates: Sequence[tuple[str, float]] = ()
    more: int = 0


class MonitorReader:
    """Reads the file of the monitor again when it has changed."""

    def __init__(self, folder: Path) -> None:
        """Initialize with the folder of the monitor; nothing is read yet."""
        self._folder = folder
        self._last: tuple[FileStamp, MonitorResults] | None = None

    def read(self) -> MonitorResults | None:
        """Return the last results; None if no monitor has written a file that can be seen."""
        stamp = file_stamp(self._folder / FILE_NAME)
        if stamp is None:
            return None
        if self._last is None or self._last[0] != stamp:
            try:
                results = _results(read_state(self._folder))
            except MonitorStateUnreadable as error:
                results = MonitorResults("; ".join(error.problems))
            self._last = stamp, results
        return self._last[1]


def _results(state: MonitorState) -> MonitorResults:
    faulty = sorted(
        (one for one in state.subjects() if one.findings),
        key=lambda one: (min(map(_rank, one.findings)), one.name),
    )
    ends = sorted(
        ((place, seen.end) for place, seen in state.certificates.items()), key=lambda one: one[1]
    )
    shown = faulty[:FINDINGS_MAX]
    return MonitorResults(
        "", state.last_run, shown, ends[:CERTIFICATES_MAX], len(faulty) - len(shown)
    )


def _rank(finding: KeptFinding) -> int:
    return ("error", "warning", "note").index(finding.severity)
