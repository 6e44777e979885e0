"""The end of a process whose parent has ended, however that came about."""

import ctypes
import os
import signal
import sys
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Have this process killed when its parent ends, so that it keeps no port and no file.

    The kernel of Linux does so at once, also to a process that is stopped: prctl(2). The thread
    does it on other systems, and if the parent has ended before the kernel was asked.

    The kernel takes the end of the thread that started this process for the end of the parent.
    """
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    Thread(target=_end_after, args=(parent.sentinel,), name="parent", daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)
