"""A process that copies itself for each worker and for the admin process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.web.test_child_process import is_alive
from waypost.web.fork_server import fork_server
from waypost.web.server_process import server_process

# The tests have threads, and a copy of their process would have all of it: a small one starts the
# fork server. It prints one line of JSON.
PROGRAM: Final = Path(__file__).with_name("forking_program.py")


def outcome(case: str, **more: Any) -> tuple[Any, str]:
    """Return what the program prints in a case, and what it writes to standard error."""
    done = subprocess.run(
        [sys.executable, PROGRAM, case],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        **more,
    )
    return json.loads(done.stdout), done.stderr


def test_new_process() -> None:
    """A process gets its arguments, sockets and pipes; it is a child of the one that wants it."""
    found, errors = outcome("good")
    assert found["child"] == {
        "parent": found["pid"],
        "name": "waypost worker",
        "has_parent_process": True,
        "same_socket": True,
        "blocked": [signal.SIGHUP],
        "descriptors": found["child"]["descriptors"],
    }
    # Standard streams, two of the socket and the pipe, and two ends of the pipe to the parent.
    assert found["child"]["descriptors"] <= 8
    assert found["code"] == 0
    assert not errors


def test_functions_at_exit() -> None:
    """Functions of `atexit` are called at the end of a new process, as the log needs it."""
    assert outcome("atexit")[0] == {"code": 0, "called": "in the new process"}


def test_defect() -> None:
    """An exception ends a new process with exit code 1 and a traceback."""
    found, errors = outcome("defect")
    assert found == {"code": 1}
    assert errors.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_exit_code() -> None:
    """The parent gets the exit code of a new process, and the signal that ended it."""
    assert outcome("codes")[0] == {"exit": 3, "killed": -signal.SIGKILL}


def test_signals_of_a_group() -> None:
    """A signal to all processes does not end the fork server; SIGTERM at a start is not lost."""
    assert outcome("group", start_new_session=True)[0] == {"code": 0, "early": -signal.SIGTERM}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_no_fork_server(number: signal.Signals) -> None:
    """Without a fork server, its processes live on, one start fails, and the next one succeeds."""
    found, _ = outcome(f"lost {number.value}")
    assert found == {
        "before": True,
        "error": "the fork server has ended",
        "other": ["SpawnProcess", 0],
    }


def test_full_system() -> None:
    """If the system has no room for a process, the start fails, and a later one succeeds."""
    assert outcome("full")[0] == {"errors": ["Resource temporarily unavailable"] * 2, "code": 0}


@pytest.mark.parametrize("case", ["a thread", "no pidfd", "no fork"])
def test_not_possible(case: str) -> None:
    """Where a fork server is not possible, a process is a new Python process."""
    assert outcome(case)[0] == {"kind": "SpawnProcess", "code": 0}


def test_closed_streams() -> None:
    """With a closed standard stream, there is no fork server: a socket would take its number."""
    command = f"exec {sys.executable} {PROGRAM} kind <&-"
    done = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == {"kind": "SpawnProcess"}


def test_not_needed() -> None:
    """A server that needs no other processes starts no fork server."""
    with fork_server(is_needed=False) as new_process:
        assert new_process is server_process


@pytest.mark.parametrize("victim", ["parent", "stopped"])
def test_end_of_the_parent(victim: str) -> None:
    """After the end of the parent, no process is left, also if some are stopped."""
    with subprocess.Popen([sys.executable, PROGRAM, "wait"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        below = json.loads(process.stdout.readline())["below"]
        assert len(below) == 2
        if victim == "stopped":
            for pid in below:
                os.kill(pid, signal.SIGSTOP)
        process.kill()
    end = time.monotonic() + PATIENCE_SECONDS
    places = [Path(f"/proc/{pid}/stat") for pid in below]
    while any(map(is_alive, places)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(is_alive, places))


def test_orphans() -> None:
    """Orphans of other programs go to init: this process would never wait for their end."""
    assert outcome("subreaper")[0] == {"is_subreaper": 0}
