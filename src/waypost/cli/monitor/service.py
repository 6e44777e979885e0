"""The life of the monitor: runs, signals, the state file, the log, metrics and notifications."""

import random
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Final

import structlog
from structlog.typing import FilteringBoundLogger as BoundLogger

from waypost.cli.monitor.source import left_out, open_source
from waypost.core.errors import WaypostError
from waypost.monitor.checks import Checker
from waypost.monitor.notify import Notifier, make_message
from waypost.monitor.numbers import monitor_counts, status_text
from waypost.monitor.plan import Selection
from waypost.monitor.results import CheckResult, FindingChange, timestamp
from waypost.monitor.run import RunOptions, run_plan
from waypost.monitor.state import MonitorState
from waypost.monitor.state_file import write_state
from waypost.runtime.worker_counts import Counts
from waypost.settings import Settings
from waypost.web.service_manager import notify

LOGGED_MAX: Final = 200
"""How many changes of one run are logged one by one."""
FLUSH_SECONDS: Final = 60.0
"""How often the state is written and changes are reported during a run."""
CHANGES_KEPT: Final = 1000
"""How many changes of one run are kept for the report of `--once`."""
JITTER: Final = 0.1
"""The part of the interval by which the start of a run varies."""
STUCK_SECONDS: Final = 600.0
"""Without a result for so long, the service manager's watchdog is not notified any more."""
BEAT_SECONDS: Final = 5.0
_WAIT_SECONDS: Final = 0.5


@dataclass(slots=True)
class RunLog:
    """Logs the changes of one run.

    Attributes:
        is_quiet: log nothing.
    """

    log: BoundLogger
    is_quiet: bool = False
    logged: int = 0
    left_out: int = 0

    def write(self, changes: Sequence[FindingChange]) -> None:
        """Log each change, as long as there are not too many."""
        for change in () if self.is_quiet else changes:
            if self.logged >= LOGGED_MAX:
                self.left_out += 1
                continue
            self.logged += 1
            self._write(change)

    def end(self) -> None:
        """Log how many changes were left out."""
        if self.left_out:
            self.log.warning(
                "more changes than the log shows", count=self.left_out, fix="read state.json"
            )

    def _write(self, change: FindingChange) -> None:
        finding = change.finding
        fields = {
            "code": finding.code,
            "severity": finding.severity,
            change.kind: change.name,
            "place": finding.place,
            "detail": finding.detail,
        }
        if change.change == "gone":
            self.log.info("finding gone", **fields, since=timestamp(finding.since))
            return
        write = {"error": self.log.error, "warning": self.log.warning, "note": self.log.info}
        write[finding.severity]("new finding", **fields, reason=finding.message, fix=finding.fix)


@dataclass(slots=True)
class Monitor:
    """The state and the outputs of a monitor.

    Attributes:
        folder: of the state file.
        selection: which domains are checked.
        load: returns the settings as they are now.
        is_quiet: log no changes.
        counts: the metrics, replaced as a whole.
        left_out: what the current run does not check, and why.
        changes: the first ones of the current run.
    """

    settings: Settings
    folder: Path
    selection: Selection
    checker: Checker
    state: MonitorState
    notifier: Notifier
    load: Callable[[], Settings]
    is_quiet: bool = False
    stop: Event = field(default_factory=Event)
    reload: Event = field(default_factory=Event)
    counts: Counts = ()
    changes: list[FindingChange] = field(default_factory=list)
    left_out: tuple[str, ...] = ()
    _pending: list[FindingChange] = field(default_factory=list)
    _flushed_at: float = 0.0
    _beat_at: float = 0.0
    _progress_at: float = 0.0
    _status: str = ""

    def run(self) -> str:
        """Check everything once, and return why the run is not complete; empty if it is.

        Raises:
            WaypostError: the domains cannot be read.
        """
        log = structlog.get_logger(__name__)
        run_log = RunLog(log, self.is_quiet)
        self.changes.clear()
        self._progress_at = self._flushed_at = time.monotonic()

        def on_result(result: CheckResult | None, changes: Sequence[FindingChange]) -> None:
            if result is not None:
                self._progress_at = time.monotonic()
            run_log.write(changes)
            self.changes += changes[: CHANGES_KEPT - len(self.changes)]
            self._pending += changes
            self.beat()
            if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
                self.flush()

        try:
            with open_source(self.settings, self.selection) as (plan, find):
                self._log_left_out(tuple(left_out(plan)), log)
                options = RunOptions(self.settings.monitor_rate, self.selection.is_all, on_result)
                reason = run_plan(plan, find, self.checker, self.state, options, self.stop)
        finally:
            run_log.end()
            self.flush()
        return reason

    def run_forever(self) -> None:
        """Check again and again, until a signal ends it."""
        log = structlog.get_logger(__name__)
        notify(f"READY=1\nSTATUS={status_text(self.state)}")
        while not self.stop.is_set():
            started = time.monotonic()
            try:
                reason = self.run()
            except WaypostError as error:
                reason = f"{error}"
            if reason and not self.stop.is_set():
                log.error("run is not complete; the earlier results stay", reason=reason)
            # Several machines must not check at the same moment.
            spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- not for secrets
            self._wait(started + self.settings.monitor_interval * spread)
        notify("STOPPING=1\nSTATUS=Stopping")

    def flush(self) -> None:
        """Write the state, update the metrics, and report the changes since the last call."""
        self._flushed_at = time.monotonic()
        self.update_counts()
        self.beat(force_status=True)
        try:
            write_state(self.folder, self.state)
        except OSError as error:
            structlog.get_logger(__name__).error(
                "state not written; trying again later",
                folder=f"{self.folder}",
                reason=error.strerror or f"{error}",
            )
        pending, self._pending = self._pending, []
        if any(change.finding.severity != "note" for change in pending):
            self.notifier.send(make_message(socket.gethostname(), timestamp(time.time()), pending))

    def update_counts(self) -> None:
        """Compute the metrics anew."""
        self.counts = monitor_counts(
            self.state,
            interval=self.settings.monitor_interval,
            failed_notifications=self.notifier.failures,
        )

    def beat(self, *, force_status: bool = False) -> None:
        """Notify the watchdog, unless no check has ended for long; send a new status text."""
        now = time.monotonic()
        if now - self._beat_at >= BEAT_SECONDS and now - self._progress_at < STUCK_SECONDS:
            self._beat_at = now
            notify("WATCHDOG=1")
        status = status_text(self.state) if force_status else self._status
        if status != self._status:
            self._status = status
            notify(f"STATUS={status}")

    def _wait(self, until: float) -> None:
        """Wait for the next run, or for a signal."""
        while not self.stop.is_set() and time.monotonic() < until:
            self._progress_at = time.monotonic()
            self.beat()
            if self.reload.is_set():
                self._reload()
                return
            self.stop.wait(_WAIT_SECONDS)

    def _reload(self) -> None:
        self.reload.clear()
        log = structlog.get_logger(__name__)
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        notify(f"RELOADING=1\nMONOTONIC_USEC={microseconds}\nSTATUS=Reloading")
        try:
            self.settings = self.load()
        except WaypostError as error:
            log.error("settings rejected; keeping the previous ones", reason=f"{error}")  # noqa: TRY400
        else:
            log.info("settings read again; a run starts now")
        notify(f"READY=1\nSTATUS={status_text(self.state)}")

    def _log_left_out(self, lines: tuple[str, ...], log: BoundLogger) -> None:
        """Log what is not checked, once as long as it stays the same."""
        if lines != self.left_out and not self.is_quiet:
            for line in lines:
                log.info("not checked", reason=line)
        self.left_out = lines


def install_signals(monitor: Monitor) -> None:
    """End the monitor at SIGTERM and SIGINT, and read the settings again at SIGHUP."""

    def on_stop(_number: int, _frame: FrameType | None) -> None:
        monitor.stop.set()

    def on_reload(_number: int, _frame: FrameType | None) -> None:
        monitor.reload.set()

    signal.signal(signal.SIGTERM, on_stop)
    signal.signal(signal.SIGINT, on_stop)
    signal.signal(signal.SIGHUP, on_reload)
