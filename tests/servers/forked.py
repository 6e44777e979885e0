"""Start Waypost as a fork of `tests.servers.fork_server`, and wait for its end."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Final

from tests.architecture.source import PACKAGE
from tests.servers.fork_server import REQUEST_BYTES_MAX, Request
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import check_marker

WAYPOST: Final = (sys.executable, "-m", "waypost")
_ROOT: Final = Path(__file__).parents[2]
_SOURCE: Final = f"{PACKAGE.parent}"  # `src/`, or that of an installed wheel (`make dist`)
# The interpreter, its libraries and imported modules read these variables when they start.
_AT_START: Final = (
    *("COVERAGE_", "GLIBC_", "LANG", "LC_", "LD_", "MALLOC_", "OPENSSL_", "PSYCOPG_"),
    *("PYDANTIC_", "PYTHON", "FORCE_COLOR", "NO_COLOR", "TYPER_"),
)
_KNOWN: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
_ENVIRONMENT: Final = dict(os.environ)  # A test may change it for a while.
_PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h


class Forked:
    """A running Waypost, a child of this process, with the part of Popen that tests use.

    Attributes:
        pid: the id of the process.
        returncode: its exit code, the negative number of a signal, or None until the end was seen.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        streams: tuple[int, int, int],
        environment: Mapping[str, str],
        folder: Path,
        stop: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start Waypost, in its own session.

        Args:
            arguments: those after `waypost`.
            streams: the descriptors of its standard input, output and error output.
            environment: all of its variables, as `starts_alike` permits them.
            folder: its working folder.
            stop: the signal that it gets when this process ends for any reason.

        Raises:
            ChildProcessError: it cannot start, and why.
            RuntimeError: asked for outside the main thread.
        """
        check_marker()
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start waypost in the main thread: it would end with this one")
        os.umask(umask := os.umask(0o077))
        request: Request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": f"{folder}",
            "umask": umask,
            "tests": os.getpid(),
            "signal": stop,
        }
        server = _server(os.getpid())
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
        try:
            socket.send_fds(server.connection, [json.dumps(request).encode()], streams)
            answer = server.connection.recv(REQUEST_BYTES_MAX).decode()
        finally:
            libc.prctl(_PR_SET_CHILD_SUBREAPER, 0)
        if not answer.isdecimal():
            raise ChildProcessError(answer or "the fork server has ended")
        self.pid = int(answer)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Wait for the end, and return the exit code; TimeoutExpired after some seconds."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("waypost", timeout)
            time.sleep(0.005)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def starts_alike(environment: Mapping[str, str]) -> bool:
    """Return whether a Waypost with these variables starts as the fork server did."""
    own = _ENVIRONMENT | {"PYTHONPATH": _SOURCE}
    return all(
        own.get(name) == value or name in _KNOWN
        for name, value in environment.items()
        if name.startswith(_AT_START)
    )


def run_waypost(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    check: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a command of Waypost until its end, without input, and return its output.

    Args:
        arguments: those after `waypost`.
        environment: all variables; by default those of this process.
        folder: the working folder; by default that of this process.
        check: whether to raise CalledProcessError for another exit code than 0.
    """
    environment = os.environ if environment is None else environment
    if not starts_alike(environment):
        return subprocess.run(
            [*WAYPOST, *arguments],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            check=check,
            capture_output=True,
            text=True,
        )
    with ExitStack() as stack:
        streams = (
            stack.enter_context(Path(os.devnull).open("rb")),
            stack.enter_context(tempfile.TemporaryFile()),
            stack.enter_context(tempfile.TemporaryFile()),
        )
        numbers = (streams[0].fileno(), streams[1].fileno(), streams[2].fileno())
        where = folder or Path.cwd()
        process = Forked(arguments, streams=numbers, environment=environment, folder=where)
        code = process.wait()
        written = []
        for stream in streams[1:]:
            stream.seek(0)
            written.append(stream.read().decode())
    done = subprocess.CompletedProcess(arguments, code, *written)
    if check:
        done.check_returncode()
    return done


class _Server:
    """A fork server, which ends with its socket."""

    def __init__(self) -> None:
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.connection.settimeout(PATIENCE_SECONDS)
        kept = {name: value for name, value in _ENVIRONMENT.items() if name not in _KNOWN}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.fork_server"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=kept | {"PYTHONPATH": _SOURCE},
                cwd=_ROOT,
            )


@cache
def _server(_process: int) -> _Server:
    """Return the fork server of this process of the tests, which may be a fork itself."""
    return _Server()
