"""The program of test_fork_server.py: starts a fork server, and processes by it."""

import atexit
import ctypes
import errno
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

from waypost.web import fork_server as module
from waypost.web.child_process import end_with_parent
from waypost.web.fork_server import ForkServer, fork_server

_PR_GET_CHILD_SUBREAPER: Final = 37


def report(pipe: Connection, listener: socket.socket) -> None:
    """Send what a new process sees."""
    pipe.send(
        {
            "parent": os.getppid(),
            "name": Path("/proc/self/comm").read_text(encoding="ascii").strip(),
            "has_parent_process": parent_process() is not None,
            "same_socket": listener.getsockname(),
            "blocked": [*signal.pthread_sigmask(signal.SIG_BLOCK, ())],
            "descriptors": len(list(Path("/proc/self/fd").iterdir())) - 1,
        }
    )


def at_exit(pipe: Connection) -> None:
    atexit.register(pipe.send, "in the new process")


def divide(number: int) -> None:
    assert 1 / number


def nothing() -> None:
    pass


def wait(pipe: Connection) -> None:
    end_with_parent()
    pipe.send(os.getpid())
    time.sleep(60)


def good(server: ForkServer) -> object:
    ours, its = Pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = server.process("worker", report, (its, listener))
        process.start()
        found = ours.recv()
        found["same_socket"] = found["same_socket"] == listener.getsockname()
        process.join()
    return {"pid": os.getpid(), "child": found, "code": process.exitcode}


def run_at_exit(server: ForkServer) -> object:
    ours, its = Pipe()
    code = _code_of(server.process("worker", at_exit, (its,)))
    return {"code": code, "called": ours.recv()}


def defect(server: ForkServer) -> object:
    return {"code": _code_of(server.process("worker", divide, (0,)))}


def codes(server: ForkServer) -> object:
    ours, its = Pipe()
    killed = server.process("worker", wait, (its,))
    killed.start()
    os.kill(ours.recv(), signal.SIGKILL)
    killed.join()
    return {"exit": _code_of(server.process("worker", sys.exit, (3,))), "killed": killed.exitcode}


def group(server: ForkServer) -> object:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: None)
        os.killpg(0, number)
    code = _code_of(server.process("worker", nothing, ()))
    ours, its = Pipe()
    process = server.process("worker", wait, (its,))
    process.start()
    process.terminate()
    process.join()
    assert ours is not None
    return {"code": code, "early": process.exitcode}


def lost(server: ForkServer, number: int) -> object:
    ours, its = Pipe()
    process = server.process("worker", wait, (its,))
    process.start()
    ours.recv()
    os.kill(_children("waypost fork")[0], number)
    error = ""
    try:
        server.process("worker", nothing, ()).start()
    except OSError as caught:
        error = str(caught)
    before = process.is_alive()
    other = server.process("worker", nothing, ())
    process.kill()
    process.join()
    return {"before": before, "error": error, "other": [type(other).__name__, _code_of(other)]}


def full(_server: ForkServer) -> object:
    """Fail once in the fork server, and once in the process between."""
    real = os.fork

    def fork() -> int:
        with calls.open("a+b") as file:  # in all processes
            file.write(b"x")
        number = calls.stat().st_size
        if number in {2, 4}:  # 1 is the start of the fork server.
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return real()

    folder = TemporaryDirectory()
    calls = Path(folder.name) / "calls"
    with (
        folder,
        patch.object(os, "fork", fork),
        fork_server(is_needed=True) as new_process,
    ):
        errors = []
        for _ in range(2):
            try:
                new_process("worker", nothing, ()).start()
            except OSError as error:
                errors.append(error.strerror)
        return {"errors": errors, "code": _code_of(new_process("worker", nothing, ()))}


def kind(new_process: Callable[..., BaseProcess]) -> object:
    return {"kind": type(new_process("worker", nothing, ())).__name__}


def not_possible(case: str) -> object:
    match case:
        case "a thread":
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        case "no pidfd":
            patch.object(os, "pidfd_open", _not_permitted).start()
        case _:
            patch.object(os, "fork", _not_permitted).start()
    with fork_server(is_needed=True) as new_process:
        process = new_process("worker", nothing, ())
        return {"kind": type(process).__name__, "code": _code_of(process)}


def wait_for_the_end(server: ForkServer) -> object:
    ours, its = Pipe()
    server.process("worker", wait, (its,)).start()
    ours.recv()
    sys.stdout.write(json.dumps({"below": _children()}) + "\n")
    sys.stdout.flush()
    time.sleep(60)
    return None


def subreaper(server: ForkServer) -> object:
    _code_of(server.process("worker", nothing, ()))
    value = ctypes.c_int(-1)
    ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(value), 0, 0, 0)
    return {"is_subreaper": value.value}


def _code_of(process: BaseProcess) -> int | None:
    process.start()
    process.join()
    return process.exitcode


def _children(name: str = "") -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    pids = [int(pid) for pid in text.split()]
    names = {pid: Path(f"/proc/{pid}/comm").read_text(encoding="ascii") for pid in pids}
    return [pid for pid in pids if names[pid].startswith(name)]


def _not_permitted(*_arguments: object) -> int:
    raise PermissionError(1, "Operation not permitted")


CASES: Final[dict[str, Callable[[ForkServer], Any]]] = {
    "good": good,
    "atexit": run_at_exit,
    "defect": defect,
    "codes": codes,
    "group": group,
    "full": full,
    "wait": wait_for_the_end,
    "subreaper": subreaper,
}


def main(case: str) -> object:
    """Return what is printed as JSON."""
    if case in {"a thread", "no pidfd", "no fork"}:
        return not_possible(case)
    if case == "kind":
        with fork_server(is_needed=True) as new_process:
            return kind(new_process)
    module.REPLY_SECONDS = 1.0  # type: ignore[misc]
    server = ForkServer.start()
    assert server is not None
    try:
        if case.startswith("lost"):
            return lost(server, int(case.split()[1]))
        return CASES[case](server)
    finally:
        server.close()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
