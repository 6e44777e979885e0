"""The admin process: a process next to the public listener, for the admin listener.

This module only starts and ends the process. The process itself imports what it runs, so that the
parent does not load it.
"""

import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Event, Thread
from time import monotonic
from typing import Final

import structlog

from waypost.runtime.worker_counts import WorkersReport
from waypost.settings import Settings
from waypost.web.child_process import end_with_parent, exit_reason
from waypost.web.server_process import NewProcess, server_process
from waypost.web.worker_reader import ReadWorkers, answer_questions

# How long to wait before the restart, after the first, second, third... early exit in a row.
RESTART_SECONDS: Final = (1.0, 1.0, 2.0, 5.0, 10.0)
STABLE_SECONDS: Final = 10.0
PERMISSION_SECONDS: Final = 10.0
"""How long the first start waits for a worker that answers: both need a processor at that time."""
# uvicorn has two seconds for the answers that have begun, and the last write of numbers has three.
SHUTDOWN_TIMEOUT_SECONDS: Final = 6.0
KILL_TIMEOUT_SECONDS: Final = 1.0


class AdminProcess:
    """The admin process, which is started again if it ends by itself.

    While the process is down, connections wait in the backlog of its socket.
    """

    def __init__(
        self,
        settings: Settings,
        listeners: Sequence[socket.socket],
        new_process: NewProcess = server_process,
    ) -> None:
        """Create the process without starting it.

        Args:
            settings: all options.
            listeners: the listening sockets.
            new_process: makes the process.
        """
        self._arguments = (settings, listeners)
        self._new_process = new_process
        self._process: BaseProcess | None = None
        self._read_workers: ReadWorkers = WorkersReport
        self._starts = 0
        self._permitted = Event()
        self._stopping = Event()
        self._stop_deadline = 0.0
        self._thread = Thread(target=self._run_and_restart, name="operators", daemon=True)
        self._log = structlog.get_logger(__name__)

    def watch_workers(self, read_workers: ReadWorkers) -> None:
        """Let the process read the metrics of the workers, for its report about them."""
        self._read_workers = read_workers

    def start(self) -> None:
        """Start the process after `permit_start`, or after `PERMISSION_SECONDS` without it.

        SIGHUP must be blocked in this thread; the process unblocks it.
        """
        self._thread.start()

    def permit_start(self) -> None:
        """Start the process now: a worker answers. A second call does nothing."""
        self._permitted.set()

    def send_sighup(self) -> None:
        """Send SIGHUP to the process, so that it reloads what is served."""
        process = self._process
        if process is not None and process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGHUP)

    def terminate(self) -> None:
        """Send SIGTERM to the process, and do not wait. A second call does nothing."""
        if self._stopping.is_set():
            return
        self._stop_deadline = monotonic() + SHUTDOWN_TIMEOUT_SECONDS
        self._stopping.set()
        self._permitted.set()
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """End the process and wait; kill it if it does not end. A second call does nothing."""
        self.terminate()
        self._thread.join(max(0.0, self._stop_deadline - monotonic()))
        if self._thread.is_alive() and self._process is not None:
            self._log.error("admin process does not exit; killing it")
            self._process.kill()
            self._thread.join(KILL_TIMEOUT_SECONDS)

    def _run_and_restart(self) -> None:
        early_exits = 0
        self._permitted.wait(PERMISSION_SECONDS)
        while not self._stopping.is_set():
            start = monotonic()
            reason = self._run_once()
            early_exits = early_exits + 1 if monotonic() - start < STABLE_SECONDS else 1
            seconds = RESTART_SECONDS[min(early_exits, len(RESTART_SECONDS)) - 1]
            if not self._stopping.is_set():
                message = "admin process exited; restarting"
                self._log.error(message, reason=reason, retry_seconds=seconds)
            self._stopping.wait(seconds)

    def _current_counts(self) -> WorkersReport:
        return self._read_workers()

    def _run_once(self) -> str:
        """Run the process until it ends; return the reason as text."""
        try:
            pipe, pipe_of_process = Pipe()
        except OSError as error:
            return error.strerror or str(error)
        # A later process must not count the requests that an earlier one has counted.
        arguments = (*self._arguments, pipe_of_process, self._starts == 0)
        self._starts += 1
        process = self._new_process("admin", _run, arguments)
        try:
            process.start()
            answer = partial(answer_questions, pipe, self._current_counts)
            Thread(target=answer, name="states", daemon=True).start()
        except (OSError, RuntimeError) as error:
            pipe.close()
            if process.pid is None:
                return str(error)
        finally:
            pipe_of_process.close()
        self._process = process
        if self._stopping.is_set():  # since the check in `_run_and_restart`
            process.terminate()
        process.join()
        return exit_reason(process.exitcode or 0)


@contextmanager
def admin_process(process: AdminProcess | None) -> Iterator[None]:
    """Run a process while `with` lasts, if there is one."""
    if process is None:
        yield
        return
    process.start()
    try:
        yield
    finally:
        process.stop()


def _run(
    settings: Settings, listeners: Sequence[socket.socket], pipe: Connection, is_first: bool
) -> None:
    """Run in the new process."""
    end_with_parent()
    from waypost.web.admin.server import serve  # noqa: PLC0415 -- only here

    serve(settings, listeners, pipe, is_first=is_first)
