"""Start, watch and end one of several worker processes, from its parent."""

import errno
import os
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import SpawnProcess
from threading import Condition, Thread
from typing import Final

from waypost.runtime.metrics import Counts
from waypost.web.child_process import hangups_wait

GRACEFUL_SHUTDOWN_SECONDS: Final = 10
# A worker that ends earlier after its start has failed.
STEADY_SECONDS: Final = 1.0
# How long to wait before the restart, after the first, second, third... failure in a row.
RETRY_SECONDS: Final = (0.0, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0)
LAST_REPORT_SECONDS: Final = 1.0
# A stopped worker answers no question; more of them would fill its pipe, and block the parent.
QUESTIONS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker's message to its parent: each second, as a sign of life, and on request.

    Attributes:
        is_serving: whether it has started.
        answered: how many questions it has received.
        counts: its metrics until now; empty if metrics are off.
    """

    is_serving: bool
    answered: int
    counts: Counts


Serve = Callable[[Connection], None]
Noted = Callable[[int, Counts], None]


class WorkerProcess:
    """The place of one worker: its process, or the time when the next one is started.

    Attributes:
        process: the process; None if there is none.
        due: when the next process is started, or, of one that must end, when it is killed; both
            by `time.monotonic`.
        is_leaving: whether it must end, and no other one takes its place.
        is_serving: whether this process has started.
        silent: seconds since its last report; the parent counts.
    """

    def __init__(self, serve: Serve, noted: Noted) -> None:
        """Initialize with what the process runs, and what gets its id and its metrics."""
        self.process: SpawnProcess | None = None
        self.due = 0.0
        self.is_leaving = False
        self.is_serving = False
        self.silent = 0.0
        self._serve = serve
        self._noted = noted
        self._serving_since = 0.0
        self._failures = 0
        self._reader: Thread | None = None
        self._pipe: Connection | None = None
        self._asked = self._answered = 0
        self._news = Condition()

    def start(self) -> None:
        """Start a process.

        Raises:
            OSError: the system cannot start another process.
        """
        pipe, its_pipe = Pipe()
        try:
            process = get_context("spawn").Process(
                target=self._serve, args=(its_pipe,), name="worker", daemon=True
            )
            with hangups_wait():
                process.start()
        except OSError:
            pipe.close()
            raise
        finally:
            its_pipe.close()
        with self._news:
            self._pipe, self._asked, self._answered = pipe, 0, 0
        self.process, self.is_serving, self.silent = process, False, 0.0
        arguments = (process.pid or 0, pipe)
        self._reader = Thread(target=self._read, args=arguments, name="reports", daemon=True)
        try:
            self._reader.start()
        except RuntimeError as error:  # The system cannot start another thread.
            pipe.close()
            self._reader = self._pipe = None
            process.kill()
            self.bury()
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error

    def send(self, number: int) -> None:
        """Send a signal to the process, if there is one that has not ended."""
        process = self.process
        # After its end, another process may have its id.
        if process is not None and process.pid is not None and process.exitcode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def ask(self) -> int:
        """Ask for a report, without waiting for it; return the number of this question."""
        with self._news, suppress(OSError):
            if self._pipe is not None and self._asked - self._answered < QUESTIONS_MAX:
                self._pipe.send(None)
                self._asked += 1
            return self._asked
        return 0

    def wait_for_report(self, question: int, seconds: float) -> None:
        """Wait until a question has been answered or the process has ended, at most so long."""
        with self._news:
            self._news.wait_for(
                lambda: self._pipe is None or self._answered >= question, timeout=seconds
            )

    def bury(self) -> tuple[int, int]:
        """Clean up after a process that has ended; return its id and its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0, 0
        process.join()
        if self._reader is not None:
            self._reader.join(LAST_REPORT_SECONDS)
        return process.pid or 0, process.exitcode or 0

    def plan_next(self, now: float) -> float:
        """Set when the next process is started; return in how many seconds that is."""
        steady = self.is_serving and now - self._serving_since >= STEADY_SECONDS
        self._failures = 0 if steady else self._failures + 1
        delay = RETRY_SECONDS[min(max(self._failures - 1, 0), len(RETRY_SECONDS) - 1)]
        self.due = now + delay
        return delay

    def _read(self, pid: int, pipe: Connection) -> None:
        """Read reports until the process has ended; it may be stopped in the middle of one."""
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                report: WorkerReport = pipe.recv()
                self.silent = 0.0
                if report.is_serving and not self.is_serving:
                    self.is_serving, self._serving_since = True, time.monotonic()
                self._noted(pid, report.counts)
                with self._news:
                    self._answered = report.answered
                    self._news.notify_all()
        with self._news:
            if self._pipe is pipe:
                self._pipe = None
            pipe.close()
            self._news.notify_all()


def wait_for_all(workers: list[WorkerProcess], seconds: float) -> list[WorkerProcess]:
    """Wait until these have ended; return those that are still running."""
    end = time.monotonic() + seconds
    left = {one.process.sentinel: one for one in workers if one.process is not None}
    while left and (remaining := end - time.monotonic()) > 0:
        for sentinel in wait([*left], remaining):
            if isinstance(sentinel, int):
                left.pop(sentinel).bury()
    return [*left.values()]
