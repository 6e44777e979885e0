"""A process beside the one that mail clients reach, for the operators' listener.

Here is only what starts and ends it. What it runs is imported there, and costs nothing here.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from threading import Event, Thread
from typing import Final

import structlog

from waypost.settings import Settings

RESTART_SECONDS: Final = 1.0
END_SECONDS: Final = 5.0


class Beside:
    """The process, which is started again where it ends by itself.

    While it is not there, connections wait in the backlog of its socket.
    """

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        unset: str,
    ) -> None:
        """Take what the process needs; nothing is started yet.

        Args:
            settings: all options.
            listener: where it listens.
            unset: an environment variable that is not for this process.
        """
        self._arguments = (settings, listener, unset)
        self._process: SpawnProcess | None = None
        self._ending = Event()
        self._thread = Thread(target=self._keep, name="operators", daemon=True)
        self._log = structlog.get_logger(__name__)

    def start(self) -> None:
        """Start the process. SIGHUP must be blocked in this thread; the process lets it through."""
        self._thread.start()

    def hang_up(self) -> None:
        """Have the process read again what is served."""
        process = self._process
        if process is not None and process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGHUP)

    def end(self) -> None:
        """End the process and wait for that. Ending twice does nothing."""
        self._ending.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(END_SECONDS)

    def _keep(self) -> None:
        while not self._ending.is_set():
            process = get_context("spawn").Process(
                target=_run, args=self._arguments, name="operators", daemon=True
            )
            process.start()
            self._process = process
            if self._ending.is_set():  # in the meantime
                process.terminate()
            process.join()
            if not self._ending.wait(RESTART_SECONDS):
                self._log.error(
                    "operators are not answered; starting again", exit_code=process.exitcode
                )


@contextmanager
def beside(process: Beside | None) -> Iterator[None]:
    """Have a process run for a while, where there is one."""
    if process is None:
        yield
        return
    process.start()
    try:
        yield
    finally:
        process.end()


def _run(settings: Settings, listener: socket.socket, unset: str) -> None:
    """Be the process. Its counters are nobody's, and the variable is read at the import."""
    os.environ.pop(unset, None)
    from waypost.web.admin.server import serve  # noqa: PLC0415 -- only here

    serve(settings, listener)
