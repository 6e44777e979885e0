"""Suspend a running program, and resume it later."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.patience import PATIENCE_SECONDS


@contextmanager
def frozen(pid: int, *, seconds: float = 30) -> Iterator[Callable[[], bool]]:
    """Suspend a process and its children, for some seconds at most.

    Yields a function that returns whether they are still suspended. A suspended server accepts
    connections, and sends nothing. After the signal, a thread continues until the kernel has
    reached it, so this function waits until each thread is suspended.

    Raises:
        TimeoutError: a thread is not suspended after ten seconds.
    """
    stopped: list[int] = []
    timer = threading.Timer(seconds, _go_on, (stopped,))
    timer.start()
    try:
        _stop(pid, stopped, time.monotonic() + PATIENCE_SECONDS)
        yield timer.is_alive
    finally:
        timer.cancel()
        _go_on(stopped)


def _stop(pid: int, stopped: list[int], end: float) -> None:
    os.kill(pid, signal.SIGSTOP)
    stopped.append(pid)
    while not all(_stands(task) for task in Path(f"/proc/{pid}/task").iterdir()):
        if time.monotonic() > end:
            raise TimeoutError(f"process {pid} goes on after SIGSTOP")
        time.sleep(0.001)
    # A suspended process starts no more children, so each of them is in these lists.
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            with suppress(ProcessLookupError, FileNotFoundError):  # it has just ended
                _stop(int(child), stopped, end)


def _stands(task: Path) -> bool:
    # proc(5): the state comes after the name, which is in brackets and may hold any of them.
    try:
        state = (task / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "TtZX"


def _go_on(pids: list[int]) -> None:
    for pid in reversed(pids):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
