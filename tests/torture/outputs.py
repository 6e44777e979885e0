"""Targets for standard error that cannot be written, or not for long."""

import os
import pty
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

CLOSED: Final = -9
"""In place of a file descriptor: standard error is closed, as by `2>&-`."""

Output = Callable[[], AbstractContextManager[int]]


@contextmanager
def unread_pipe() -> Iterator[int]:
    """Yield a pipe that is not read: it accepts 64 KiB, then a write waits without end."""
    reader, writer = os.pipe()
    try:
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def slow_reader() -> Iterator[int]:
    """Yield a pipe that is read, ten kilobytes a second."""
    reader, writer = os.pipe()
    ending = threading.Event()

    def read() -> None:
        while not ending.wait(0.1):
            os.read(reader, 1000)

    thread = threading.Thread(target=read, name="slow reader")
    thread.start()
    try:
        yield writer
    finally:
        ending.set()
        os.close(writer)
        thread.join()
        os.close(reader)


@contextmanager
def pipe_without_reader() -> Iterator[int]:
    """Yield a pipe whose reader has ended: each write fails with EPIPE."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


@contextmanager
def full_disk() -> Iterator[int]:
    """Yield a file on a full disk: each write fails with ENOSPC."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def stopped_terminal() -> Iterator[int]:
    """Yield a terminal whose user has typed ^S: each write waits without end."""
    controller, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)
    try:
        yield terminal
    finally:
        os.close(terminal)
        os.close(controller)


@contextmanager
def closed() -> Iterator[int]:
    """Yield no standard error at all."""
    yield CLOSED
