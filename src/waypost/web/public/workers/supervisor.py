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
    WorkerProcess,
    wait_for_all,
)
from waypost.web.service_manager import ServiceNotifier

TICK_SECONDS: Final = 0.25
SILENT_WORKER_SECONDS: Final = 30.0
# On a very busy machine, a process needs longer than 30 seconds until its first report. The limit
# doubles each time that it is exceeded, at most twice, so that three starts end within the
# TimeoutStartSec of contrib/waypost.service.
LONGER_STARTS_MAX: Final = 2
# The event loop of a worker runs its shortest task ten times a second; no answer takes that long.
SILENT_LOOP_SECONDS: Final = 30.0
# A reload that takes longer counts as finished for the service manager.
RELOAD_SECONDS: Final = 30.0
SHUTDOWN_TIMEOUT_SECONDS: Final = GRACEFUL_SHUTDOWN_SECONDS + 2.0
KILL_TIMEOUT_SECONDS: Final = 1.0
REFRESH_SECONDS: Final = 0.5
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
# These signals must not end the parent alone.
_IGNORED_SIGNALS: Final = (signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)


class Supervisor:
    """The parent: starts workers, replaces those that end or are silent, and passes signals on.

    SIGHUP restarts nothing: the workers reload what they serve and continue to answer. SIGTTIN
    starts one worker more, and SIGTTOU ends one.
    """

    def __init__(
        self,
        count: int,
        new_worker: Callable[[], WorkerProcess],
        on_exit: Callable[[int], None],
        on_sighup: Callable[[], None] = lambda: None,
        notifier: ServiceNotifier | None = None,
    ) -> None:
        """Initialize and install the signal handlers; no worker is started yet.

        Args:
            count: how many workers.
            new_worker: returns the place of one more worker, without its process.
            on_exit: gets the process id of a worker that has ended.
            on_sighup: called at SIGHUP, in addition to the workers.
            notifier: notifies the service manager.
        """
        self._new_worker = new_worker
        self._on_exit = on_exit
        self._on_sighup = on_sighup
        self._notifier = ServiceNotifier() if notifier is None else notifier
        self._reloading: dict[WorkerProcess, tuple[int | None, int]] = {}
        self._reload_end = 0.0
        self._workers = [new_worker() for _ in range(count)]
        self._is_stopping = self._cannot_start = False
        self._has_served = False
        self._terminal = Terminal()
        self._log = structlog.get_logger(__name__)
        # Python writes the number of a signal there as a byte, which ends the wait.
        self._signals, self._wakeup = socket.socketpair()
        self._signals.setblocking(False)
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        for number in (
            *_STOP_SIGNALS,
            *_IGNORED_SIGNALS,
            signal.SIGHUP,
            signal.SIGTTIN,
            signal.SIGTTOU,
        ):
            signal.signal(number, _ignore_signal)

    def run(self, before_exit: Callable[[], None] = lambda: None) -> None:
        """Run the workers until a signal ends them, and wait for their end.

        Args:
            before_exit: called before the wait for their end.

        Raises:
            SystemExit: no worker could start.
        """
        before = time.monotonic()
        try:
            while not self._is_stopping:
                now = time.monotonic()
                self._check_workers(now, now - before)
                before = now
                self._notify(now)
                self._wait()
        finally:
            self._notifier.report_stopping()
            before_exit()
            self._stop_workers()
        if self._cannot_start:
            raise SystemExit(STARTUP_FAILURE)

    def refresh(self) -> None:
        """Get the current metrics of all workers; any thread may call this.

        For a worker that does not answer at once, the wait is short.
        """
        report_requests = [(worker, worker.request_report()) for worker in tuple(self._workers)]
        end = time.monotonic() + REFRESH_SECONDS
        for worker, request_number in report_requests:
            worker.wait_for_report(request_number, max(0.0, end - time.monotonic()))

    def _wait(self) -> None:
        running = {
            worker.process.sentinel: worker
            for worker in self._workers
            if worker.process is not None
        }
        now = time.monotonic()
        due_seconds = [worker.due - now for worker in self._workers if worker.process is None]
        seconds = max(0.0, min([TICK_SECONDS, *due_seconds]))
        for ready in wait([self._signals, *running], seconds):
            if isinstance(ready, int):
                self._handle_exit(running[ready])
            else:
                for number in self._signals.recv(1024):
                    self._handle(number)

    def _check_workers(self, now: float, elapsed: float) -> None:
        for worker in self._workers:
            if worker.process is None:
                if now >= worker.due:
                    self._start(worker, now)
                continue
            self._has_served = self._has_served or worker.is_serving
            # If this process was stopped too, the reports still wait to be read.
            counted = min(elapsed, 2 * TICK_SECONDS)
            worker.silent_seconds += counted
            if worker.is_serving and not worker.is_stopping:
                worker.silent_loop_seconds += counted
            if worker.silent_seconds > (limit := _silence_limit(worker)):
                message = "worker does not respond; killing it"
                self._log.error(message, pid=worker.process.pid, seconds=limit)
                worker.silent_seconds = 0.0
                worker.silent_starts += not worker.has_reported
                worker.send(signal.SIGKILL)
            elif worker.silent_loop_seconds > SILENT_LOOP_SECONDS:
                message = "event loop of worker does not run; killing it"
                self._log.error(message, pid=worker.process.pid, seconds=SILENT_LOOP_SECONDS)
                worker.silent_loop_seconds = 0.0
                worker.send(signal.SIGKILL)
            elif worker.is_stopping and now > worker.due:
                worker.send(signal.SIGKILL)

    def _notify(self, now: float) -> None:
        """Report to the service manager that all workers live, and what they have done."""
        self._notifier.report_alive()
        serving = [worker for worker in self._workers if worker.is_serving]
        domain_count = next((one.domain_count for one in serving), None)
        if self._notifier.is_reloading:
            is_finished = not any(map(self._is_reloading, self._reloading))
            if is_finished or now > self._reload_end:
                self._notifier.report_reloaded(domain_count)
        elif serving:
            self._notifier.report_serving(domain_count)

    def _is_reloading(self, worker: WorkerProcess) -> bool:
        """Return whether the process that got SIGHUP still runs and has not finished."""
        pid = None if worker.process is None else worker.process.pid
        return self._reloading[worker] == (pid, worker.finished_reloads)

    def _start(self, worker: WorkerProcess, now: float) -> None:
        try:
            worker.start()
        except OSError as error:
            reason = error.strerror or str(error)
            message = "cannot start worker; retrying"
            self._log.error(message, reason=reason, retry_seconds=worker.schedule_restart(now))

    def _handle_exit(self, worker: WorkerProcess) -> None:
        pid, code = worker.reap()
        self._on_exit(pid)
        if worker.is_stopping:
            self._workers.remove(worker)
        elif code == STARTUP_FAILURE and not (self._has_served or worker.is_serving):
            # The worker has logged why, and the others would log the same.
            self._log.error("worker cannot start; Waypost exits", pid=pid, reason=exit_reason(code))
            self._is_stopping = self._cannot_start = True
        else:
            delay = worker.schedule_restart(time.monotonic())
            message = "worker exited; restarting"
            self._log.error(message, pid=pid, reason=exit_reason(code), retry_seconds=delay)

    def _handle(self, number: int) -> None:
        if number in _STOP_SIGNALS:
            self._is_stopping = True
        elif number == signal.SIGHUP:
            self._handle_sighup()
        elif number == signal.SIGTTIN:
            self._workers.append(self._new_worker())
        elif number == signal.SIGTTOU:
            active = [worker for worker in self._workers if not worker.is_stopping]
            if len(active) > 1:
                self._stop_worker(active[-1])

    def _stop_worker(self, worker: WorkerProcess) -> None:
        if worker.process is None:
            self._workers.remove(worker)
            return
        worker.is_stopping = True
        worker.due = time.monotonic() + SHUTDOWN_TIMEOUT_SECONDS
        worker.send(signal.SIGTERM)

    def _handle_sighup(self) -> None:
        """Pass the signal on, or end if it says that the terminal was closed."""
        if self._terminal.is_gone():
            self._is_stopping = True
            return
        self._notifier.report_reload()
        self._reload_end = time.monotonic() + RELOAD_SECONDS
        self._reloading = {
            worker: (worker.process.pid, worker.finished_reloads)
            for worker in self._workers
            if worker.process is not None and worker.is_serving
        }
        for worker in self._workers:
            worker.send(signal.SIGHUP)
        self._on_sighup()

    def _stop_workers(self) -> None:
        for worker in self._workers:
            worker.send(signal.SIGTERM)
        still_running = wait_for_all(self._workers, SHUTDOWN_TIMEOUT_SECONDS)
        for worker in still_running:
            self._log.error(
                "worker does not exit; killing it",
                pid=None if worker.process is None else worker.process.pid,
                seconds=SHUTDOWN_TIMEOUT_SECONDS,
            )
            worker.send(signal.SIGKILL)
        wait_for_all(still_running, KILL_TIMEOUT_SECONDS)


def _silence_limit(worker: WorkerProcess) -> float:
    """Return after how many seconds without a report a worker is killed."""
    if worker.has_reported:
        return SILENT_WORKER_SECONDS
    return SILENT_WORKER_SECONDS * (1 << min(worker.silent_starts, LONGER_STARTS_MAX))


def _ignore_signal(_number: int, _frame: object) -> None:
    """Ignore the call: Python writes the number of the signal to the parent's socket."""
