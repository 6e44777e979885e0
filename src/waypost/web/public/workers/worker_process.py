"""Start, watch and end one of several worker processes, from its parent."""

import errno
import os
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.process import BaseProcess
from threading import Condition, Thread
from typing import Final

from waypost.runtime.worker_counts import Counts
from waypost.web.child_process import block_sighup
from waypost.web.server_process import NewProcess, server_process

GRACEFUL_SHUTDOWN_SECONDS: Final = 10
# A worker that ends earlier after its start has failed.
STABLE_SECONDS: Final = 1.0
# How long to wait before the restart, after the first, second, third... failure in a row.
RETRY_SECONDS: Final = (0.0, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0)
LAST_REPORT_SECONDS: Final = 1.0
# A stopped worker answers no question; more of them would fill its pipe, and block the parent.
PENDING_REPORTS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker's message to its parent: each second, as a sign of life, and on request.

    Attributes:
        is_serving: whether it has started.
        report_requests: how many questions it has received.
        counts: its metrics until now; empty if metrics are off.
        ticks: how often its event loop has run a task that is due ten times a second.
        finished_reloads: how many reloads have finished.
        domain_count: how many domains it serves; None if it does not know.
    """

    is_serving: bool
    report_requests: int
    counts: Counts
    ticks: int
    finished_reloads: int = 0
    domain_count: int | None = None


Serve = Callable[[Connection], None]
OnReport = Callable[[int, Counts], None]


class WorkerProcess:
    """The place of one worker: its process, or the time when the next one is started.

    Attributes:
        process: the process; None if there is none.
        due: when the next process is started, or, of one that must end, when it is killed; both
            by `time.monotonic`.
        is_stopping: whether it must end, and no other one takes its place.
        has_reported: whether this process has sent a report.
        is_serving: whether this process has started.
        silent_starts: how many processes in a row were killed before their first report.
        silent_seconds: seconds since its last report; the parent counts.
        silent_loop_seconds: the same since its event loop has run.
        finished_reloads: how many reloads this process has finished.
        domain_count: how many domains it serves; None if it does not know.
    """

    def __init__(
        self, serve: Serve, on_report: OnReport, new_process: NewProcess = server_process
    ) -> None:
        """Initialize; no process is started yet.

        Args:
            serve: what the process runs; gets the pipe for questions and reports.
            on_report: gets the process id and the metrics of a report; called by any thread.
            new_process: makes the process.
        """
        self.process: BaseProcess | None = None
        self.due = 0.0
        self.is_stopping = False
        self.has_reported = self.is_serving = False
        self.silent_starts = 0
        self.silent_seconds = self.silent_loop_seconds = 0.0
        self.finished_reloads = 0
        self.domain_count: int | None = None
        self._ticks = 0
        self._serve = serve
        self._on_report = on_report
        self._new_process = new_process
        self._failures = 0
        self._serving_since = 0.0
        self._reader: Thread | None = None
        self._pipe: Connection | None = None
        self._requested = self._received = 0
        self._report_condition = Condition()

    def start(self) -> None:
        """Start a process.

        Raises:
            OSError: the system cannot start another process.
        """
        pipe, worker_pipe = Pipe()
        try:
            process = self._new_process("worker", self._serve, (worker_pipe,))
            with block_sighup():
                process.start()
        except OSError:
            pipe.close()
            raise
        finally:
            worker_pipe.close()
        with self._report_condition:
            self._pipe, self._requested, self._received = pipe, 0, 0
        self.process, self.has_reported, self.is_serving = process, False, False
        self.silent_seconds = self.silent_loop_seconds = 0.0
        self.finished_reloads = self._ticks = 0
        arguments = (process.pid or 0, pipe)
        self._reader = Thread(
            target=self._read_reports, args=arguments, name="reports", daemon=True
        )
        try:
            self._reader.start()
        except RuntimeError as error:  # The system cannot start another thread.
            pipe.close()
            self._reader = self._pipe = None
            process.kill()
            self.reap()
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error

    def send(self, number: int) -> None:
        """Send a signal to the process, if there is one that has not ended."""
        process = self.process
        # After its end, another process may have its id.
        if process is not None and process.pid is not None and process.exitcode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def request_report(self) -> int:
        """Ask for a report, without waiting for it; return the number of this question."""
        with self._report_condition, suppress(OSError):
            if self._pipe is not None and self._requested - self._received < PENDING_REPORTS_MAX:
                self._pipe.send(None)
                self._requested += 1
            return self._requested
        return 0

    def wait_for_report(self, request_number: int, seconds: float) -> None:
        """Wait until a question has been answered or the process has ended, at most so long."""
        with self._report_condition:
            self._report_condition.wait_for(
                lambda: self._pipe is None or self._received >= request_number, timeout=seconds
            )

    def reap(self) -> tuple[int, int]:
        """Clean up after a process that has ended; return its id and its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0, 0
        process.join()
        if self._reader is not None:
            self._reader.join(LAST_REPORT_SECONDS)
        return process.pid or 0, process.exitcode or 0

    def schedule_restart(self, now: float) -> float:
        """Set when the next process is started; return in how many seconds that is."""
        is_stable = self.is_serving and now - self._serving_since >= STABLE_SECONDS
        self._failures = 0 if is_stable else self._failures + 1
        delay = RETRY_SECONDS[min(max(self._failures - 1, 0), len(RETRY_SECONDS) - 1)]
        self.due = now + delay
        return delay

    def _read_reports(self, pid: int, pipe: Connection) -> None:
        """Read reports until the process has ended; it may be stopped in the middle of one."""
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                report: WorkerReport = pipe.recv()
                self.has_reported, self.silent_starts, self.silent_seconds = True, 0, 0.0
                if report.ticks != self._ticks:
                    self._ticks, self.silent_loop_seconds = report.ticks, 0.0
                self.finished_reloads = report.finished_reloads
                self.domain_count = report.domain_count
                if report.is_serving and not self.is_serving:
                    self.is_serving, self._serving_since = True, time.monotonic()
                self._on_report(pid, report.counts)
                with self._report_condition:
                    self._received = report.report_requests
                    self._report_condition.notify_all()
        with self._report_condition:
            if self._pipe is pipe:
                self._pipe = None
            pipe.close()
            self._report_condition.notify_all()


def wait_for_all(workers: list[WorkerProcess], seconds: float) -> list[WorkerProcess]:
    """Wait until these have ended; return those that are still running."""
    end = time.monotonic() + seconds
    running = {worker.process.sentinel: worker for worker in workers if worker.process is not None}
    while running and (remaining := end - time.monotonic()) > 0:
        for sentinel in wait([*running], remaining):
            if isinstance(sentinel, int):
                running.pop(sentinel).reap()
    return [*running.values()]
