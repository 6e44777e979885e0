"""The common part of the test servers PostgreSQL and MariaDB: start and stop."""

import itertools
import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Final

from tests.servers.process import Process
from tests.servers.waypost import free_port

USER: Final = "waypost"
PASSWORD: Final = "s3cret p@ss/word"


class DatabaseServer(ABC):
    """A server that can be stopped and started again.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    # The signal that ends it without waiting for its clients.
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, user: str | None) -> None:
        self.port = free_port()
        self._folder = folder
        self._user = user
        self._data = folder / "data"
        self._process: Process | None = None
        self._numbers = itertools.count(1)

    @property
    def pid(self) -> int:
        """The id of its process; RuntimeError if it does not run."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.pid

    @abstractmethod
    def create_files(self) -> None:
        """Create the files of the server."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether it answers."""

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = Process(
            self._command(),
            log=self._folder / "server.log",
            folder=self._folder,
            user=self._user,
            stop=self.stop_signal,
        )
        self._process.__enter__()
        self._process.wait_until(self._answers)

    def stop(self) -> None:
        """Stop the server without waiting for clients."""
        if self._process is not None:
            self._process.__exit__(None, None, None)
            self._process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def _new_name(self) -> str:
        """Return a new name for a database."""
        return f"waypost_{next(self._numbers)}"

    def _run(self, *command: str, given: str = "", user: str | None = None) -> str:
        """Run a program, and return its output; RuntimeError with its errors if it fails.

        Args:
            command: the program and its arguments.
            given: its standard input.
            user: who runs it; by default the user of this process. Another one takes longer: then
                Python copies the page tables of this process, which has all tests in its memory.
        """
        done = subprocess.run(
            command,
            input=given,
            text=True,
            encoding="utf-8",
            capture_output=True,
            check=False,
            cwd=self._folder,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
        return done.stdout
