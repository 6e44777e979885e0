"""Threads on a machine, or below a limit of memory, that has no room for another one."""

import threading
from typing import Final

# The system reserves 8 MiB for each thread, which a limit of address space counts in full.
STACK_BYTES: Final = 1024 * 1024


class NoThread(OSError):
    """The system cannot start another thread."""


def start(thread: threading.Thread) -> None:
    """Start a thread.

    Raises:
        NoThread: the system cannot; Python says so with a RuntimeError.
    """
    try:
        thread.start()
    except RuntimeError as error:
        raise NoThread("no thread can be started; memory is short") from error


def limit_stacks() -> None:
    """Make the threads that this process starts from now on reserve little memory."""
    threading.stack_size(STACK_BYTES)
