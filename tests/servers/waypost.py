"""Waypost itself, as `python -m waypost serve`."""

import io
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.architecture.source import PACKAGE
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from waypost.cli.main import main

SOURCE = PACKAGE.parent
# /proc/sys/net/ipv4/ip_local_port_range begins behind them.
_PORTS: Final = range(10_000, 32_000)
_WORKERS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class RunningWaypost:
    """A Waypost that answers plain http on 127.0.0.1.

    Attributes:
        port: the port of the public listener.
        admin_port: the port of the admin listener; 0 if there is none.
        log: the file with its output.
    """

    port: int
    log: Path
    admin_port: int = 0

    def wait_for_domain(self, domain: str) -> None:
        """Wait until Waypost serves a domain and allows certificates; raise TimeoutError if not."""
        urls = (
            f"http://127.0.0.1:{self.port}/mail/config-v1.1.xml?emailaddress=a@{domain}",
            f"http://127.0.0.1:{self.admin_port}/tls/ask?domain=autoconfig.{domain}",
        )
        end = time.monotonic() + PATIENCE_SECONDS
        while not all(_is_good(url) for url in urls):
            if time.monotonic() > end:
                raise TimeoutError(self.log.read_text(encoding="utf-8"))
            time.sleep(0.1)


@contextmanager
def waypost(
    folder: Path,
    providers: Path,
    *,
    proxies: int = 0,
    port: int = 0,
    admin_port: int = 0,
    options: Sequence[str] = (),
) -> Iterator[RunningWaypost]:
    """Run `waypost serve` for a providers file, behind a number of proxies, with more options.

    Without a port, any free port is used; without an admin port, there is no admin listener.

    Raises TimeoutError with Waypost's output if it does not start.
    """
    port = port or free_port()
    environment = environment_of(folder) | {
        "WAYPOST_PROXY_COUNT": f"{proxies}",
        "WAYPOST_ADMIN_PORT": f"{admin_port}",
    }
    process = Process(
        [
            *(sys.executable, "-m", "waypost", "serve", "--host", "127.0.0.1"),
            *("--port", f"{port}", "--providers", f"{providers}", *options),
        ],
        log=folder / "waypost.log",
        environment=environment,
        folder=folder,
    )
    with process:
        ports = {port, admin_port} - {0}
        process.wait_until(lambda: all(listens(one) for one in ports))
        yield RunningWaypost(port, process.log, admin_port)


def zone_of(domain: str, folder: Path, providers: Path, *, public_url: str) -> str:
    """Return the lines of a zone file that `waypost show dns` prints for a domain.

    It runs in this process, which is much quicker than a new one for each domain.
    """
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    command = ["show", "dns", domain, "--public-url", public_url, "--providers", f"{providers}"]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(written):
        for name in set(os.environ) - set(environment_of(folder)):
            patch.delenv(name)
        patch.setenv("HOME", f"{folder}")
        patch.chdir(folder)
        code = main(command)
    assert code == 0, f"{' '.join(command)} ended with {code}"
    written.seek(0)
    return written.read()


def environment_of(folder: Path) -> dict[str, str]:
    """Return the environment of a Waypost with a private home folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    return kept | {"HOME": f"{folder}", "PYTHONPATH": f"{SOURCE}"}


def free_port() -> int:
    """Return a free port of 127.0.0.1 that no other test gets for a while.

    A server needs a moment to bind the port. Meanwhile, a test in another process may need a port
    as well, and the system uses one for each connection: so the port is from a separate range.
    """
    for port in islice(_ports(), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


@cache
def _ports() -> Iterator[int]:
    """Return the ports of this process in order, below the range that the system uses."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = range(_PORTS.start + worker % _WORKERS_MAX, _PORTS.stop, _WORKERS_MAX)
    # Another run of these tests begins at another port.
    return islice(cycle(own), os.getpid() % len(own), None)


def _is_good(url: str) -> bool:
    try:
        return httpx.get(url, timeout=30).status_code == 200
    except httpx.TransportError:
        return False
