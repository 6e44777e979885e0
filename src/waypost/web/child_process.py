"""What a process that serves and its parent have to do with one another."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final

from waypost.threads import limit_stacks

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Have this process killed when its parent ends, so that it keeps no port and no file.

    The kernel of Linux does so at once, also to a process that is stopped: prctl(2). The thread
    does it on other systems, and if the parent has ended before the kernel was asked.

    The kernel takes the end of the thread that started this process for the end of the parent.
    """
    limit_stacks()
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    Thread(target=_end_after, args=(parent.sentinel,), name="parent", daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


def exit_reason(code: int) -> str:
    """Say in words how a process ended that has this exit code of `multiprocessing`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


@contextmanager
def hangups_wait() -> Iterator[None]:
    """Let SIGHUP wait: it would end a new process, which inherits that, before it can take it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
