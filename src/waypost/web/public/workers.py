"""Several processes that answer on one socket, and their parent."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from uvicorn.supervisors import Multiprocess

from waypost.web.public.terminal import Terminal


class Workers(Multiprocess):
    """Uvicorn's parent of several workers, except that SIGHUP restarts nothing.

    It is handed on to the workers, which read again what they serve and go on answering.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        sockets: list[socket.socket],
        ended: Callable[[int], None],
        hung_up: Callable[[], None] | None = None,
    ) -> None:
        """Take the configuration and the listening sockets.

        Args:
            config: uvicorn's.
            sockets: where all workers listen.
            ended: told that a worker ended.
            hung_up: told of SIGHUP, beside the workers.
        """
        super().__init__(config, sockets)
        self._ended = ended
        self._hung_up = hung_up
        self._terminal = Terminal()

    def init_processes(self) -> None:
        """Start the workers."""
        with hangups_wait():
            super().init_processes()

    def keep_subprocess_alive(self) -> None:
        """Start a new worker in place of one that ended."""
        before = self._pids()
        with hangups_wait():
            super().keep_subprocess_alive()
        for pid in before - self._pids():
            self._ended(pid)

    def handle_hup(self) -> None:
        """Hand the signal on, or end where it says that the terminal is gone."""
        if self._terminal.is_gone():
            self.should_exit.set()
            return
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)
        if self._hung_up is not None:
            self._hung_up()

    def handle_ttin(self) -> None:
        """Start one worker more."""
        with hangups_wait():
            super().handle_ttin()

    def handle_ttou(self) -> None:
        """End one worker."""
        before = self._pids()
        super().handle_ttou()
        for pid in before - self._pids():
            self._ended(pid)

    def _pids(self) -> set[int]:
        return {process.pid for process in self.processes if process.pid is not None}


@contextmanager
def hangups_wait() -> Iterator[None]:
    """Let SIGHUP wait: it would end a new process, which inherits that, before it can take it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
