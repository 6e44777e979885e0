"""The machines of a setup: several `waypost serve` in front of a database, and an operator."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final, Self

import pytest

from tests.scale.load import PROVIDERS
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS, wait_until
from tests.servers.process import Process
from tests.servers.waypost import SOURCE, free_port
from waypost.cli.main import main

CACHE_TTL_SECONDS: Final = 1.0
_ROOT: Final = Path(__file__).parents[2]


def environment_for(uri: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a Waypost with a database."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{SOURCE}:{_ROOT}",
        "WAYPOST_DB_URI": uri,
        "WAYPOST_CACHE_TTL": f"{CACHE_TTL_SECONDS}",
        "WAYPOST_ADMIN_PORT": "0",
        "WAYPOST_WORKERS": "1",
        **(more or {}),
    }


def command(folder: Path, uri: str | None, *arguments: str) -> tuple[int, str]:
    """Run a command of Waypost in this process, and return its exit code and its output.

    Args:
        folder: the working folder, and the home.
        uri: of the database; None if a settings file in the folder names it.
        arguments: of the command.
    """
    flags = [] if uri is None else ["--db-uri", uri]
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(written),
        redirect_stderr(written),
    ):
        for name in [name for name in os.environ if name.startswith("WAYPOST_")]:
            patch.delenv(name)
        patch.setenv("HOME", f"{folder}")
        patch.chdir(folder)
        code = main([*arguments, *flags])
        written.flush()
    return code, written.buffer.getvalue().decode()


def fill(folder: Path, uri: str) -> None:
    """Create the tables, and apply the providers of the load."""
    (folder / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    for arguments in (["db", "upgrade"], ["apply", "mail.toml"]):
        code, output = command(folder, uri, *arguments)
        assert code == 0, output


@contextmanager
def serving(
    folder: Path, uris: Sequence[str], more: Mapping[str, str] | None = None
) -> Iterator[list[int]]:
    """Run one `waypost serve` for each URI, and yield their ports."""
    with ExitStack() as stack:
        ports = []
        for number, uri in enumerate(uris):
            port = free_port()
            process = Process(
                [sys.executable, "-m", "waypost", "serve", "--port", f"{port}"],
                log=folder / f"waypost-{number}.log",
                environment=environment_for(uri, more),
                folder=folder,
            )
            stack.enter_context(process)
            ports.append((port, process))
        for port, process in ports:
            process.wait_until(lambda at=port: listens(at))  # type: ignore[misc]
        yield [port for port, _ in ports]


class Writer:
    """An operator's script that changes one domain after the other."""

    def __init__(self, folder: Path, uri: str) -> None:
        self._log = folder / "writer.txt"
        self._command = [sys.executable, "-m", "tests.scale.writer", uri]
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                text=True,
                env=environment_for(""),
                cwd=self._folder,
            )
        wait_until(lambda: len(self.written) > 1, "a change by the operator's script")
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        self._process.communicate(timeout=PATIENCE_SECONDS)

    @property
    def written(self) -> list[str]:
        """The domains whose command has succeeded."""
        return [line.split()[1] for line in self._lines() if line.startswith("ok ")]

    @property
    def failures(self) -> list[str]:
        """The messages of the commands that have failed."""
        return [line.partition(": ")[2] for line in self._lines() if line.startswith("failed ")]

    def _lines(self) -> list[str]:
        # The last line may be incomplete.
        return self._log.read_text(encoding="utf-8").split("\n")[:-1]
