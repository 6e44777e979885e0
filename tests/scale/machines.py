"""The machines of a setup: several `waypost serve` in front of a database, and an operator."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

from tests.scale.load import PROVIDERS
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.waypost import SOURCE, free_port

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


def command(folder: Path, uri: str, *arguments: str) -> str:
    """Run a command of Waypost, and return its output; CalledProcessError if it fails."""
    return subprocess.run(
        [sys.executable, "-m", "waypost", *arguments],
        env=environment_for(uri),
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def fill(folder: Path, uri: str) -> None:
    """Create the tables, and apply the providers of the load."""
    (folder / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    command(folder, uri, "db", "upgrade")
    command(folder, uri, "apply", "mail.toml")


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
        self._lines: list[str] = []
        self._command = [sys.executable, "-m", "tests.scale.writer", uri]
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment_for(""),
            cwd=self._folder,
        )
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        out, _err = self._process.communicate(timeout=PATIENCE_SECONDS)
        self._lines = out.splitlines()

    @property
    def written(self) -> list[str]:
        """The domains whose command succeeded; known at the end."""
        return [line.split()[1] for line in self._lines if line.startswith("ok ")]

    @property
    def failures(self) -> list[str]:
        """The messages of the commands that failed; known at the end."""
        return [line.partition(": ")[2] for line in self._lines if line.startswith("failed ")]
