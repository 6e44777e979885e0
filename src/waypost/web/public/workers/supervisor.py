"""The parent of several worker processes that answer on one socket.

The parent waits for all workers and for its own signals together, never for one worker alone.
"""

import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Final

import structlog
from uvicorn.config import STARTUP_FAILURE

from waypost.web.child_process import exit_reason
from waypost.web.public.workers.terminal import Terminal
from waypost.web.public.workers.worker_process import (
    GRACEFUL_SHUTDOWN_SECONDS,
    Noted,
    Serve,
    WorkerProcess,
    wait_for_all,
)

TICK_SECONDS: Final = 0.25
# Even on a busy or slow machine a worker must send its first report in this time.
SILENT_WORKER_SECONDS: Final = 30.0
END_SECONDS: Final = GRACEFUL_SHUTDOWN_SECONDS + 2.0
KILLED_SECONDS: Final = 1.0
FRESH_SECONDS: Final = 0.5
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
# These signals must not end the parent alone.
_IGNORED: Final = (signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)


class Supervisor:
    """The parent: starts workers, replaces those that end or are silent, and passes signals on.

    SIGHUP restarts nothing: the workers reload what they serve and continue to answer. SIGTTIN
    starts one worker more, and SIGTTOU ends one.
    """

    def __init__(
        self,
        count: int,
        serve: Serve,
        noted: Noted,
        ended: Callable[[int], None],
        hung_up: Callable[[], None] = lambda: None,
    ) -> None:
        """Initialize and install the signal handlers; no worker is started yet.

        Args:
            count: how many workers.
            serve: what a worker runs; gets the pipe for questions and reports.
            noted: gets the process id of a worker and its metrics; called by any thread.
            ended: gets the process id of a worker that has ended.
            hung_up: called at SIGHUP, in addition to the workers.
        """
        self._serve = serve
        self._noted = noted
        self._ended = ended
        self._hung_up = hung_up
        self._workers = [WorkerProcess(serve, noted) for _ in range(count)]
        self._is_ending = self._cannot_start = False
        self._has_served = False
        self._terminal = Terminal()
        self._log = structlog.get_logger(__name__)
        # Python writes the number of a signal there as a byte, which ends the wait.
        self._signals, self._woken = socket.socketpair()
        self._signals.setblocking(False)
        self._woken.setblocking(False)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for number in (*_ENDING, *_IGNORED, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
            signal.signal(number, _noticed)

    def run(self, ending: Callable[[], None] = lambda: None) -> None:
        """Run the workers until a signal ends them, and wait for their end.

        Args:
            ending: called before the wait for their end.

        Raises:
            SystemExit: no worker could start.
        """
        before = time.monotonic()
        try:
            while not self._is_ending:
                now = time.monotonic()
                self._look_after(now, now - before)
                before = now
                self._wait()
        finally:
            ending()
            self._end_all()
        if self._cannot_start:
            raise SystemExit(STARTUP_FAILURE)

    def refresh(self) -> None:
        """Get the current metrics of all workers; any thread may call this.

        For a worker that does not answer at once, the wait is short.
        """
        questions = [(worker, worker.ask()) for worker in tuple(self._workers)]
        end = time.monotonic() + FRESH_SECONDS
        for worker, question in questions:
            worker.wait_for_report(question, max(0.0, end - time.monotonic()))

    def _wait(self) -> None:
        running = {one.process.sentinel: one for one in self._workers if one.process is not None}
        now = time.monotonic()
        dues = [one.due - now for one in self._workers if one.process is None]
        seconds = max(0.0, min([TICK_SECONDS, *dues]))
        for ready in wait([self._signals, *running], seconds):
            if isinstance(ready, int):
                self._ended_by_itself(running[ready])
            else:
                for number in self._signals.recv(1024):
                    self._handle(number)

    def _look_after(self, now: float, passed: float) -> None:
        for worker in self._workers:
            if worker.process is None:
                if now >= worker.due:
                    self._start(worker, now)
                continue
            self._has_served = self._has_served or worker.is_serving
            # If this process was stopped too, the reports still wait to be read.
            worker.silent += min(passed, 2 * TICK_SECONDS)
            if worker.silent > SILENT_WORKER_SECONDS:
                message = "worker does not respond; killing it"
                self._log.error(message, pid=worker.process.pid, seconds=SILENT_WORKER_SECONDS)
                worker.silent = 0.0
                worker.send(signal.SIGKILL)
            elif worker.is_leaving and now > worker.due:
                worker.send(signal.SIGKILL)

    def _start(self, worker: WorkerProcess, now: float) -> None:
        try:
            worker.start()
        except OSError as error:
            reason = error.strerror or str(error)
            message = "cannot start worker; retrying"
            self._log.error(message, reason=reason, retry_seconds=worker.plan_next(now))

    def _ended_by_itself(self, worker: WorkerProcess) -> None:
        pid, code = worker.bury()
        self._ended(pid)
        if worker.is_leaving:
            self._workers.remove(worker)
        elif code == STARTUP_FAILURE and not (self._has_served or worker.is_serving):
            # The worker has logged why, and the others would log the same.
            self._log.error("worker cannot start; Waypost exits", pid=pid, reason=exit_reason(code))
            self._is_ending = self._cannot_start = True
        else:
            delay = worker.plan_next(time.monotonic())
            message = "worker exited; restarting"
            self._log.error(message, pid=pid, reason=exit_reason(code), retry_seconds=delay)

    def _handle(self, number: int) -> None:
        if number in _ENDING:
            self._is_ending = True
        elif number == signal.SIGHUP:
            self._hang_up()
        elif number == signal.SIGTTIN:
            self._workers.append(WorkerProcess(self._serve, self._noted))
        elif number == signal.SIGTTOU:
            staying = [one for one in self._workers if not one.is_leaving]
            if len(staying) > 1:
                self._end(staying[-1])

    def _end(self, worker: WorkerProcess) -> None:
        if worker.process is None:
            self._workers.remove(worker)
            return
        worker.is_leaving = True
        worker.due = time.monotonic() + END_SECONDS
        worker.send(signal.SIGTERM)

    def _hang_up(self) -> None:
        """Pass the signal on, or end if it says that the terminal was closed."""
        if self._terminal.is_gone():
            self._is_ending = True
            return
        for worker in self._workers:
            worker.send(signal.SIGHUP)
        self._hung_up()

    def _end_all(self) -> None:
        for worker in self._workers:
            worker.send(signal.SIGTERM)
        late = wait_for_all(self._workers, END_SECONDS)
        for worker in late:
            self._log.error(
                "worker does not exit; killing it",
                pid=None if worker.process is None else worker.process.pid,
                seconds=END_SECONDS,
            )
            worker.send(signal.SIGKILL)
        wait_for_all(late, KILLED_SECONDS)


def _noticed(_number: int, _frame: object) -> None:
    """Ignore the call: Python writes the number of the signal to the parent's socket."""
