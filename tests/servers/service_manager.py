"""What systemd does for a service: sockets that outlive it, and notifications (sd_notify(3)).

It runs without privileges and changes nothing outside the folder of a test.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import tied_to_this_process

# sd_listen_fds(3): the sockets are 3, 4, ... in the process whose id is LISTEN_PID.
_LAUNCHER: Final = """
import fcntl, os, sys
count = int(sys.argv[1])
moved = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 64) for fd in sys.argv[2 : 2 + count]]
for number, fd in enumerate(moved, 3):
    os.dup2(fd, number, inheritable=True)
    os.close(fd)
for name in ("LISTEN_PID", "WATCHDOG_PID"):
    os.environ[name] = str(os.getpid())
os.execvp(sys.argv[2 + count], sys.argv[2 + count :])
"""


class ServiceManager:
    """One service, its sockets, and what it has sent.

    Attributes:
        sent: the notifications, each as a mapping, of all starts.
        log: the file with the output of all starts.
    """

    def __init__(
        self,
        folder: Path,
        sockets: Iterable[tuple[str, socket.socket]] = (),
        *,
        watchdog_seconds: float = 0.0,
    ) -> None:
        """Create a service without starting it.

        Args:
            folder: of the test.
            sockets: the name and the socket of each unit.
            watchdog_seconds: `WatchdogSec=`.
        """
        self._folder = folder
        named = list(sockets)
        self._names = [name for name, _ in named]
        self._sockets = [one for _, one in named]
        self._watchdog_seconds = watchdog_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self.sent: list[dict[str, str]] = []
        self.log = folder / "service.log"
        self.log.touch()
        self._notify_path = folder / "notify"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(f"{self._notify_path}")
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        for one in self._sockets:
            one.close()
        with suppress(OSError):
            self._notify.shutdown(socket.SHUT_RDWR)
        self._notify.close()

    @property
    def pid(self) -> int:
        """The main process."""
        assert self._process is not None
        return self._process.pid

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start the service, and wait for READY=1."""
        ready = self.count("READY")
        variables = dict(os.environ if environment is None else environment)
        variables["NOTIFY_SOCKET"] = f"{self._notify_path}"
        if self._watchdog_seconds:
            variables["WATCHDOG_USEC"] = f"{int(self._watchdog_seconds * 1_000_000)}"
        if self._sockets:
            variables |= {
                "LISTEN_FDS": f"{len(self._sockets)}",
                "LISTEN_FDNAMES": ":".join(self._names),
            }
        numbers = [one.fileno() for one in self._sockets]
        launcher = [sys.executable, "-c", _LAUNCHER, f"{len(numbers)}", *map(str, numbers)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                tied_to_this_process([*launcher, *command]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=variables,
                cwd=self._folder,
                pass_fds=numbers,
            )
        self.wait_for("READY", ready + 1)

    def stop(self) -> int:
        """End the service as systemd does, and return its exit code; 0 if it does not run."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise

    def send(self, number: int) -> None:
        """Send a signal to the main process."""
        os.kill(self.pid, number)

    def count(self, name: str) -> int:
        """Return how many notifications had a variable."""
        return sum(name in one for one in list(self.sent))

    def wait_for(self, name: str, count: int = 1) -> None:
        """Wait for a number of notifications with a variable; TimeoutError with the log."""
        self._wait(name, lambda: self.count(name) >= count)

    def wait_for_status(self, start: str) -> None:
        """Wait for a status text with this start; TimeoutError with the log."""
        self._wait(start, lambda: any(one.get("STATUS", "").startswith(start) for one in self.sent))

    def _wait(self, what: str, is_there: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_there():
            has_ended = self._process is not None and self._process.poll() is not None
            if time.monotonic() > end or has_ended:
                raise TimeoutError(f"no {what} in {self.sent}:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.01)

    def _read(self) -> None:
        with suppress(OSError):
            while data := self._notify.recv(4096):
                lines = data.decode().splitlines()
                self.sent.append(dict(line.split("=", 1) for line in lines))


def tcp_socket() -> socket.socket:
    """Return a listening socket on any port of 127.0.0.1, as a socket unit opens it."""
    return socket.create_server(("127.0.0.1", 0), backlog=2048)


def unix_socket(path: Path) -> socket.socket:
    """Return a listening Unix socket."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}")
    listener.listen(2048)
    return listener
