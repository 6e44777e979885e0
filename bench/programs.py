"""The servers that are measured: each is started for one load, and stopped after it."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.requirements import program
from tests.servers.waypost import SOURCE, free_port

from bench.cases import Case
from bench.machine import pinned
from bench.materials import Materials
from bench.peers.installed import waypost_python

_STARTED: Final = "Application startup complete"
_PATIENCE_SECONDS: Final = 60.0
_NGINX: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ }}
http {{
    access_log off;
    default_type text/xml;
    keepalive_requests 1000000000;
    server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Started:
    """A server that answers.

    Attributes:
        pid: the id of its first process.
        port: the port for the load on 127.0.0.1.
        log: what it wrote.
        in_child: whether a child of its first process answers.
    """

    pid: int
    port: int
    log: Path
    in_child: bool = False

    def worker(self) -> int:
        """Return the id of the process that answers, or of the first one of them."""
        if not self.in_child:
            return self.pid
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return int(children.split()[0])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server runs.

    Attributes:
        folder: an empty folder for its files.
        cores: the cores that it may use.
        materials: the files of the cases.
    """

    folder: Path
    cores: frozenset[int]
    materials: Materials


@contextmanager
def waypost(case: Case, place: Place, workers: int = 1) -> Iterator[Started]:
    """Run `waypost serve` with the options of a case and its log at the default level in a file."""
    port, admin_port = free_port(), free_port()
    options = [option.format_map(place.materials) for option in case.options]
    command = waypost_command(options, port, admin_port)
    command += ["--workers", f"{workers}"]
    with running(command, place, waypost_environment(place.folder), port) as started:
        _wait_for(started.log, _STARTED, workers)
        # The admin process starts on the same core, and would share it with the load.
        _wait(lambda: _answers(admin_port), "the admin listener is missing")
        yield Started(started.pid, admin_port if case.admin else port, started.log)


def waypost_command(options: Sequence[str], port: int, admin_port: int) -> list[str]:
    """Return the command of `waypost serve` with options."""
    command = [f"{waypost_python()}", "-m", "waypost", "serve", *options, "--host", "127.0.0.1"]
    return [*command, "--port", f"{port}", "--admin-port", f"{admin_port}"]


def waypost_environment(folder: Path) -> dict[str, str]:
    """Return the environment of `waypost serve`, without settings of the user."""
    return {"PATH": os.environ["PATH"], "HOME": f"{folder}", "PYTHONPATH": f"{SOURCE}"}


def _answers(port: int) -> bool:
    """Return whether a server answers a request, with any status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True


@contextmanager
def nginx(case: Case, place: Place, body: bytes) -> Iterator[Started]:
    """Run nginx with one worker and no access log; a file with this body has the case's path."""
    port = free_port()
    path = case.template.path.partition("?")[0].lstrip("/")
    file = place.folder / "www" / path
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    config = place.folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=place.folder, port=port), encoding="utf-8")
    command = [program("nginx"), "-c", f"{config}", "-p", f"{place.folder}"]
    command += ["-e", f"{place.folder}/error.log"]
    with running(command, place, {"PATH": os.environ["PATH"]}, port) as started:
        yield started


@contextmanager
def running(
    command: Sequence[str], place: Place, environment: dict[str, str], port: int
) -> Iterator[Started]:
    """Run a program on some cores until it listens on a port; its output goes to a file."""
    process = Process(
        pinned(command, place.cores),
        log=place.folder / "log",
        environment=environment,
        folder=place.folder,
    )
    with process:
        process.wait_until(lambda: listens(port), seconds=_PATIENCE_SECONDS)
        yield Started(process.pid, port, process.log)


def _wait_for(log: Path, text: str, times: int) -> None:
    _wait(lambda: log.read_text(encoding="utf-8").count(text) >= times, f"no {text!r} in the log")


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(otherwise)
        time.sleep(0.02)
