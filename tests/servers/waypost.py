"""Waypost itself, as `python -m waypost serve`."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.nginx import listens
from tests.servers.process import Process

SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True, slots=True)
class RunningWaypost:
    """A Waypost that answers plain http on 127.0.0.1.

    Attributes:
        port: where it listens.
        log: the file with all that it has written.
    """

    port: int
    log: Path


@contextmanager
def waypost(folder: Path, providers: Path, *, proxies: int = 0) -> Iterator[RunningWaypost]:
    """Run `waypost serve` for a providers file, behind so many proxies.

    Raises TimeoutError with Waypost's own words where it does not start.
    """
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")
    }
    environment |= {
        "HOME": f"{folder}",
        "PYTHONPATH": f"{SOURCE}",
        "WAYPOST_PROXY_COUNT": f"{proxies}",
    }
    process = Process(
        [
            *(sys.executable, "-m", "waypost", "serve", "--host", "127.0.0.1"),
            *("--port", f"{port}", "--providers", f"{providers}"),
        ],
        log=folder / "waypost.log",
        environment=environment,
        folder=folder,
    )
    with process:
        process.wait_until(lambda: listens(port), seconds=20)
        yield RunningWaypost(port, process.log)


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
