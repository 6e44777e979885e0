"""Cutting off a server that takes a question and says nothing more."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Timer

from waypost import threads
from waypost.errors import DirectoryUnavailable


class _Cut:
    """Shuts a connection down once, unless all was well before."""

    def __init__(self, fileno: int) -> None:
        self._fileno = fileno
        self._lock = Lock()
        self._over = False

    def shut(self) -> None:
        """Shut it down: whoever reads from it is told that it has ended."""
        with self._lock:
            if self._over:
                return
            with suppress(OSError), socket.socket(fileno=os.dup(self._fileno)) as copy:
                copy.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Leave it alone from now on, because its number may soon be another's."""
        with self._lock:
            self._over = True


@contextmanager
def cut_off_after(driver: object, seconds: float) -> Iterator[None]:
    """Shut a driver's connection down where what is done with it takes longer.

    libpq has no time limit for what it reads: a server that hangs, but whose system answers,
    would keep its thread for ever. Other drivers have limits of their own.

    Raises:
        DirectoryUnavailable: no thread can be started to watch over the time.
    """
    fileno = getattr(driver, "fileno", None)
    if fileno is None:
        yield
        return
    cut = _Cut(fileno())
    timer = Timer(seconds, cut.shut)
    timer.daemon = True
    try:
        threads.start(timer)
    except threads.NoThread as error:
        raise DirectoryUnavailable(str(error)) from error
    try:
        yield
    finally:
        timer.cancel()
        cut.end()
