"""What a worker process and its parent need of each other."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from waypost.web.child_process import exit_reason

PROGRAM: Final = """
import os, signal, sys, time
from multiprocessing import get_context
from unittest.mock import patch
from waypost.web.child_process import end_with_parent

def child(way, pipe):
    if way == "without the kernel":
        patch("sys.platform", "other").start()
    if way == "stopped":
        os.setsid()  # Otherwise the kernel continues and ends it as an orphan: setpgid(2).
    end_with_parent()
    pipe.send(os.getpid())
    time.sleep(60)

if __name__ == "__main__":
    ours, its = get_context("spawn").Pipe()
    get_context("spawn").Process(target=child, args=(sys.argv[1], its)).start()
    pid = ours.recv()
    if sys.argv[1] == "stopped":
        os.kill(pid, signal.SIGSTOP)
    print(pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
REASONS: Final = [
    (0, "exit code 0"),
    (3, "exit code 3"),
    (-signal.SIGKILL, "killed by SIGKILL"),
    (-signal.SIGBUS, "killed by SIGBUS"),
    (-50, "killed by signal 50"),
]


@pytest.mark.parametrize("way", ["running", "stopped", "without the kernel"])
def test_it_ends_with_its_parent(tmp_path: Path, way: str) -> None:
    """A process ends if its parent is killed, and on Linux also if it is stopped."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, program, way], stdout=subprocess.PIPE, check=False)
    assert done.returncode == -signal.SIGKILL
    place = Path(f"/proc/{int(done.stdout)}/stat")
    end = time.monotonic() + PATIENCE_SECONDS
    while is_alive(place) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_alive(place)


def is_alive(stat: Path) -> bool:
    try:
        return stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(("code", "reason"), REASONS)
def test_reasons(code: int, reason: str) -> None:
    """An exit code of `multiprocessing` has a reason as text."""
    assert exit_reason(code) == reason
