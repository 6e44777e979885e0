"""A parent of small workers: `python -m tests.web.public.small_workers KIND COUNT [NAME=SECONDS]`.

NAME is a constant of `waypost.web.public.workers.supervisor`.
"""

import os
import signal
import sys
import time
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from waypost.runtime.logs import configure
from waypost.web.public.workers import supervisor
from waypost.web.public.workers.worker_process import WorkerProcess, WorkerReport


def say(words: str) -> None:
    """Write a line to the log of the test."""
    sys.stderr.write(f"{words}\n")


def good(parent: Connection) -> None:
    """Report often, until the parent has ended."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    signal.signal(signal.SIGHUP, lambda _number, _frame: say("hung up"))
    say(f"started {os.getpid()}")
    answered = ticks = 0
    while True:
        ticks += 1
        parent.send(WorkerReport(True, answered, (), ticks))
        while parent.poll(0.1):
            parent.recv()
            answered += 1


def slow(parent: Connection) -> None:
    """Send the first report three seconds after the start."""
    time.sleep(3.0)
    good(parent)


def stuck(parent: Connection) -> None:
    """Report often, but say that the event loop does not run; only the first of all processes."""
    try:
        Path("first").touch(exist_ok=False)
    except FileExistsError:
        good(parent)
    say(f"started {os.getpid()}")
    while True:
        parent.send(WorkerReport(True, 0, (), 1))
        parent.poll(0.1)


def bad(_parent: Connection) -> None:
    """End before it serves."""
    say(f"started {os.getpid()}")
    os._exit(7)


def one_good(parent: Connection) -> None:
    """Run the first of all processes well, and let all others fail."""
    try:
        Path("first").touch(exist_ok=False)
    except FileExistsError:
        bad(parent)
    good(parent)


def failing_later(parent: Connection) -> None:
    """Say that the application failed to start, but not the first time."""
    try:
        Path("first").touch(exist_ok=False)
    except FileExistsError:
        failing(parent)
    good(parent)


def failing(_parent: Connection) -> None:
    """Say that the application failed to start."""
    sys.exit(3)


def stubborn(parent: Connection) -> None:
    """Serve, but do not end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    good(parent)


def main(kind: str, count: int, *changes: str) -> None:
    """Run the parent until a signal ends it."""
    configure("info", "json")
    serve: Any = good if kind == "no room" else globals()[kind]
    for change in changes:
        name, _, seconds = change.partition("=")
        patch.object(supervisor, name, float(seconds)).start()
    if kind == "no room":
        start, full = WorkerProcess.start, [OSError(11, "Resource temporarily unavailable")] * 3
        patch.object(
            WorkerProcess, "start", lambda self: start(self) if not full else _raise(full.pop())
        ).start()
    new_worker = partial(WorkerProcess, serve, lambda _pid, _counts: None)
    parent = supervisor.Supervisor(count, new_worker, lambda _pid: None)
    parent.run()


def _raise(error: OSError) -> None:
    raise error


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
