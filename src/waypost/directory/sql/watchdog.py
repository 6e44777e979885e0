"""Shut down the connection to a server that accepts a query and never answers."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Timer

from waypost.core.errors import DirectoryUnavailable
from waypost.runtime import threads


class _Shutdown:
    """A single shutdown of a connection, unless it was cancelled before."""

    def __init__(self, fileno: int) -> None:
        self._fileno = fileno
        self._lock = Lock()
        self._is_cancelled = False

    def run(self) -> None:
        """Shut the connection down: a thread that reads from it gets the end of the stream."""
        with self._lock:
            if self._is_cancelled:
                return
            with suppress(OSError), socket.socket(fileno=os.dup(self._fileno)) as copy:
                copy.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        """Cancel the shutdown, because another connection may soon get the same file descriptor."""
        with self._lock:
            self._is_cancelled = True


@contextmanager
def shut_down_after(driver: object, seconds: float) -> Iterator[None]:
    """Shut a driver's connection down if the body of the `with` statement takes longer.

    libpq has no time limit for reads: if the server hangs but its operating system still answers,
    the thread would wait without end. Other drivers have their own limits.

    Raises:
        DirectoryUnavailable: no thread can be started for the time limit.
    """
    fileno = getattr(driver, "fileno", None)
    if fileno is None:
        yield
        return
    shutdown = _Shutdown(fileno())
    timer = Timer(seconds, shutdown.run)
    timer.daemon = True
    try:
        threads.start(timer)
    except threads.ThreadStartError as error:
        raise DirectoryUnavailable(str(error)) from error
    try:
        yield
    finally:
        timer.cancel()
        shutdown.cancel()
