"""Waypost as a fork of a process that has imported it, which takes most of the time of a start.

Each process of the tests that starts Waypost has one such process. It imports what `serve`,
`db upgrade` and `apply` import, and waits for requests. For each, it forks a child that takes
over the arguments, the environment, the folder, the network and the standard streams, and then runs
the module `waypost` as `python -m waypost` does, in the same interpreter state: no thread, no
handler of a signal, and no open file existed before. Its own children start as always.
These differ from a real start:

* the memory is shared with the parent, and more modules are imported: tests of the memory and of
  the imports start Waypost by exec;
* /proc/PID/cmdline is that of this program;
* at the end, objects in memory are not destroyed.

`tests.servers.process.Process` and `tests.servers.forked` use it. Start Waypost by exec in a test
of the start itself (tests/cli/serve/test_serve.py and the tests of service managers, sockets,
confinement, packages), of its memory (tests/torture), and of the terminal.
"""

import atexit
import ctypes
import gc
import json
import multiprocessing.process
import os
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypedDict

REQUEST_BYTES_MAX: Final = 100_000
SOCKET: Final = 0
"""The descriptor of the socket with the requests, instead of a standard input."""
_SERVER_MODULES: Final = (
    *("waypost.cli.main", "waypost.cli.serve", "waypost.cli.start_server"),
    *("waypost.wiring.database", "waypost.store.deferred", "waypost.cli.sources.database_upgrade"),
    *("uvicorn.lifespan.on", "uvicorn.loops.uvloop"),
)
_COMMAND_MODULES: Final = (
    *("waypost.cli.db.commands", "waypost.cli.providers.apply", "waypost.diagnostics.lint.linter"),
)
_CLONE_NEWNET: Final = 0x40000000  # linux/sched.h
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class Request(TypedDict):
    """What a Waypost gets from the tests, next to the descriptors of its standard streams.

    Attributes:
        arguments: those after `waypost`.
        environment: all variables.
        folder: the working folder.
        umask: the mask of the modes of new files.
        tests: the process of the tests, which must be the parent.
        signal: what the kernel sends when the tests end.
    """

    arguments: list[str]
    environment: Mapping[str, str]
    folder: str
    umask: int
    tests: int
    signal: int


def main() -> None:
    """Answer requests until the tests close the socket; run Waypost in each child."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _import_waypost()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=os.dup(SOCKET)) as connection:
        while True:
            message, descriptors, _, _ = socket.recv_fds(connection, REQUEST_BYTES_MAX, 3)
            if not message:
                return
            between = os.fork()
            if between == 0:
                between = os.getpid()
                if os.fork() != 0:
                    os._exit(0)  # The parent of the child is now the process of the tests.
                while os.getppid() == between:
                    time.sleep(0.0002)
                _take_over(json.loads(message), descriptors, libc, connection)
                break
            for one in descriptors:
                os.close(one)
            os.waitpid(between, 0)
    try:
        runpy.run_module("waypost", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, int):
            _end(end.code)
        raise


def _end(code: int) -> None:
    """End this process as Py_FinalizeEx does, without freeing its memory, which takes 0.08 s."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = 120  # as Python does
    os._exit(code)


def _import_waypost() -> None:
    from waypost.web.server_process import importing_server

    with importing_server():
        for name in _SERVER_MODULES:
            import_module(name)
    for name in _COMMAND_MODULES:
        import_module(name)


def _take_over(
    request: Request, descriptors: list[int], libc: ctypes.CDLL, connection: socket.socket
) -> None:
    """Give this process what a new one would have, and send its id to the tests.

    If that fails, the reason is sent instead, and this process ends.
    """
    libc.prctl(_PR_SET_PDEATHSIG, request["signal"])
    if os.getppid() != request["tests"]:
        os._exit(1)
    try:
        _enter_network(Path(f"/proc/{request['tests']}/ns/net"), libc)
        os.chdir(request["folder"])
    except OSError as error:
        connection.send(f"{error}".encode())
        os._exit(1)
    os.setsid()
    os.umask(request["umask"])
    for number, one in enumerate(descriptors):
        os.dup2(one, number)
        os.close(one)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    # The first entry and the folder of multiprocessing are the working folder at the start.
    sys.path[0] = multiprocessing.process.ORIGINAL_DIR = f"{Path.cwd()}"  # type: ignore[attr-defined]
    sys.argv = ["waypost", *request["arguments"]]
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    _open_standard_streams()
    connection.send(b"%d" % os.getpid())


def _enter_network(network: Path, libc: ctypes.CDLL) -> None:
    """Move this process to the network of the tests, which may be a private one now."""
    if network.readlink() == Path("/proc/self/ns/net").readlink():
        return
    with network.open("rb") as opened:
        if libc.setns(opened.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {network}")


def _open_standard_streams() -> None:
    """Open the text streams as Python does at its start: see create_stdio in its pylifecycle.c."""
    system: Any = sys  # whose original streams are constants for mypy
    encoding, errors = system.stdin.encoding, system.stdin.errors
    if not any(name.startswith(("LANG", "LC_")) for name in os.environ):
        os.environ["LC_CTYPE"] = "C.UTF-8"  # PEP 538
        encoding, errors = "utf-8", "surrogateescape"
    lines = 1 if os.environ.get("PYTHONUNBUFFERED") else -1  # -1: only on a terminal
    system.stdin = system.__stdin__ = open(0, encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
    for number, name, buffering, handler in (
        (1, "stdout", lines, errors),
        (2, "stderr", 1, "backslashreplace"),
    ):
        stream: Any = open(number, "w", buffering, encoding, handler, "\n", closefd=False)  # noqa: SIM115
        stream.buffer.raw.name = f"<{name}>"
        setattr(system, name, stream)
        setattr(system, f"__{name}__", stream)


if __name__ == "__main__":
    main()
