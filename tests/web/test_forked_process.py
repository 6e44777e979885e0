"""What a process gets that a fork server starts, and how its parent learns about its end.

`test_fork_server.py` has the fork server itself. Here a new interpreter takes its place.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.waypost import SOURCE
from waypost.web.forked_process import Call, ForkedProcess

PROGRAM = """
import sys
from waypost.web.forked_process import ReceivedProcess
sys.exit(ReceivedProcess(sys.argv[1], [int(number) for number in sys.argv[2:]]).run_here())
"""


def new_interpreter(name: str, descriptors: Sequence[int]) -> int:
    """Start a process with a name and some descriptors, and return its id."""
    arguments = [sys.executable, "-c", PROGRAM, name, *map(str, descriptors)]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)
    try:
        return os.posix_spawn(sys.executable, arguments, {"PYTHONPATH": f"{SOURCE}"})
    finally:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)


def no_process(_name: str, _descriptors: Sequence[int]) -> int:
    """Raise the error of a machine without room for a process."""
    raise BlockingIOError("Resource temporarily unavailable")


def open_descriptors() -> set[str]:
    """Return the open descriptors of this process, with what they are."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the folder itself
            found.add(f"{link.name} {link.readlink()}")
    return found


@pytest.mark.parametrize(
    ("call", "code"),
    [
        pytest.param((sys.exit, (3,)), 3, id="an exit code"),
        pytest.param((len, ("text",)), 0, id="a function that returns"),
        pytest.param((int, ("no number",)), 1, id="an error"),
    ],
)
def test_exit_code(call: Call, code: int) -> None:
    """The parent reads the exit code when the process has ended."""
    process = ForkedProcess(new_interpreter, "worker", call)
    process.start()
    process.join(PATIENCE_SECONDS)
    assert process.exitcode == code
    process.close()


def test_socket_of_the_parent() -> None:
    """A socket in the arguments is the parent's socket in the new process."""
    own, passed = socket.socketpair()
    with own, passed:
        process = ForkedProcess(new_interpreter, "worker", (socket.socket.sendall, (passed, b"x")))
        process.start()
        own.settimeout(PATIENCE_SECONDS)
        assert own.recv(10) == b"x"
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0
        process.close()


def test_kill() -> None:
    """The parent can kill the process, and reads which signal has ended it."""
    process = ForkedProcess(new_interpreter, "worker", (time.sleep, (PATIENCE_SECONDS,)))
    process.start()
    process.kill()
    process.join(PATIENCE_SECONDS)
    assert process.exitcode == -signal.SIGKILL
    process.close()


def test_no_room() -> None:
    """If there is no process, the parent gets the error, and keeps no descriptor."""
    before = open_descriptors()
    process = ForkedProcess(no_process, "worker", (sys.exit, (0,)))
    with pytest.raises(BlockingIOError):
        process.start()
    assert open_descriptors() == before


def test_parent_has_ended() -> None:
    """A process whose parent ends before it has sent anything ends too, with an error."""
    read, write = os.pipe()
    pid = new_interpreter("worker", [read])
    os.close(write)
    os.close(read)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
