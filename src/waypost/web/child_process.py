"""Signals and exit codes of worker processes, and their end together with their parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final

from waypost.runtime.threads import limit_stacks

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def prctl(option: int, value: int | bytes) -> None:
    """Change an attribute of this process, on Linux; raise OSError if that fails."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def end_with_parent() -> None:
    """Make the kernel kill this process when its parent ends, so that it keeps no port and no file.

    Linux does this at once, even for a stopped process: prctl(2). The thread does it on other
    systems, and if the parent has ended before the call of prctl.

    Linux takes the end of the thread that started this process as the end of the parent.
    """
    limit_stacks()
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        with suppress(OSError):
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    Thread(target=_end_after, args=(parent.sentinel,), name="parent", daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


def exit_reason(code: int) -> str:
    """Return as text how a process ended, from its exit code of `multiprocessing`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


@contextmanager
def block_sighup() -> Iterator[None]:
    """Block SIGHUP: it would end a new process, which inherits the block, before its handler."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
