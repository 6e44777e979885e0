"""A running server and its providers file: reloads, SIGHUP, and no partial reads."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import httpx
import pytest

from tests.cli.serve.test_serve import AUTOCONFIG, Server, serving
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.waypost import free_port

PAUSE_SECONDS = 0.01
BROKEN = '[[provider]]\nname = 1\ncolour = "red"\n'


def providers(*domains: str) -> str:
    """Write a providers file."""
    return (
        f'[[provider]]\nname = "Own"\ndomains = {list(domains)!r}\n'
        'services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]'
    )


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def serves(server: Server, domain: str, status: int = 200, times: int = 8) -> bool:
    """Return whether all workers have this answer; each connection may reach another one."""
    return all(server.status(f"{AUTOCONFIG}a@{domain}") == status for _ in range(times))


def all_started(server: Server, workers: int) -> None:
    """Wait until all workers answer, and not only the first."""
    until(lambda: server.log.read_text().count("startup complete") >= workers, "start")


def metric(port: int, line: str) -> bool:
    """Return whether the metrics have this value."""
    return line in httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()


@contextmanager
def load(server: Server, domain: str) -> Iterator[list[int]]:
    """Request a domain some hundred times per second; return the statuses."""
    statuses: list[int] = []
    end = threading.Event()

    def ask() -> None:
        while not end.is_set() and len(statuses) < 5000:
            try:
                statuses.append(server.status(f"{AUTOCONFIG}a@{domain}"))
            except (OSError, HTTPException):
                statuses.append(0)
            end.wait(PAUSE_SECONDS)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        end.set()
        for thread in threads:
            thread.join()


def overwrite(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def rename(path: Path, text: str) -> None:
    other = path.with_name(".new")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


def remove_and_write(path: Path, text: str) -> None:
    path.unlink()
    time.sleep(0.7)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_changed_file_is_reloaded(home: Path, workers: str) -> None:
    """After any kind of replacement of the file, all workers use it, and no request is lost."""
    file, port = home / "mail.toml", free_port()
    overwrite(file, providers("one.example"))
    flags = ["--providers", "mail.toml", "--workers", workers]
    flags += ["--metrics-listen", f"127.0.0.1:{port}"]
    with serving(home, *flags) as server, load(server, "one.example") as statuses:
        for number, change in enumerate((overwrite, rename, remove_and_write)):
            change(file, providers("one.example", f"d{number}.example"))
            until(lambda new=f"d{number}.example": serves(server, new), change.__name__)  # type: ignore[misc]
        until(lambda: metric(port, "waypost_providers_reload_ok 1.0"), "all workers")
        assert "providers file rejected" not in server.log.read_text()
    assert set(statuses) == {200}
    assert len(statuses) > 10


@pytest.mark.parametrize("workers", ["1", "2"])
def test_broken_file(home: Path, workers: str) -> None:
    """A broken file changes no answer, is logged once with all its mistakes, and can be fixed."""
    file, port = home / "mail.toml", free_port()
    overwrite(file, providers("one.example"))
    flags = ["--providers", "mail.toml", "--workers", workers, "--log-format", "json"]
    flags += ["--metrics-listen", f"127.0.0.1:{port}"]
    with serving(home, *flags) as server:
        assert metric(port, "waypost_providers_reload_ok 1.0")
        all_started(server, int(workers))
        overwrite(file, BROKEN)
        until(lambda: metric(port, "waypost_providers_reload_ok 0.0"), "metric")
        total = f'waypost_providers_reloads_total{{result="failed"}} {float(workers)}'
        until(lambda: metric(port, total), "all workers")
        time.sleep(2)  # it is polled several times more
        logged = [
            line
            for line in server.log.read_text().splitlines()
            if "providers file rejected" in line
        ]
        assert sum("colour: " in line for line in logged) == 1
        assert sum("name: " in line for line in logged) == 1
        assert serves(server, "one.example")
        file.unlink()
        gone = "No such file"
        until(lambda: gone in server.log.read_text(), "a missing file is logged")
        assert serves(server, "one.example")
        overwrite(file, providers("two.example"))
        until(lambda: serves(server, "two.example"), "fixed")
        # The last worker may follow later.
        until(lambda: metric(port, "waypost_providers_reload_ok 1.0"), "all workers")
        assert serves(server, "one.example", 404)
        assert server.log.read_text().count(gone) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_hangup_under_load(home: Path, workers: str) -> None:
    """SIGHUP reads the file again in the same workers, and no request fails."""
    file = home / "mail.toml"
    overwrite(file, providers("one.example"))
    flags = ["--providers", "mail.toml", "--workers", workers, "--log-format", "json"]
    with serving(home, *flags) as server, load(server, "one.example") as statuses:
        all_started(server, int(workers))
        until(lambda: len(statuses) > 10, "load")
        for _ in range(3):
            os.kill(server.pid, signal.SIGHUP)
            time.sleep(0.6)
        read = '"event": "providers file loaded"'
        until(lambda: server.log.read_text().count(read) >= 1, "read again")
        until(lambda: server.log.read_text().count("SIGHUP") >= int(workers), "all workers")
        text = server.log.read_text()
    assert text.count("Started server process") == int(workers)
    assert set(statuses) == {200}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_hangup_with_a_database(home: Path, workers: str) -> None:
    """With a database, SIGHUP ends no process, and the next answer is a fresh one."""
    environ = {"WAYPOST_DB_URI": "sqlite:///mail.sqlite", "WAYPOST_CACHE_TTL": "3600"}
    from waypost.cli.main import main

    with serving(home, "--workers", workers, **environ) as server:
        all_started(server, int(workers))
        assert serves(server, "example.com", 404)
        assert main(["apply", "--demo", "--db-uri", environ["WAYPOST_DB_URI"]]) == 0
        if workers == "1":  # Another worker has no answer in its cache yet.
            assert serves(server, "example.com", 404)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: serves(server, "example.com"), "fresh")


def test_hangup_while_workers_start(home: Path) -> None:
    """A SIGHUP before a worker is ready does not end the worker."""
    file = home / "mail.toml"
    overwrite(file, providers("one.example"))
    with serving(home, "--providers", "mail.toml", "--workers", "2") as server:
        all_started(server, 2)
        for pid in workers_of(server):
            os.kill(pid, signal.SIGKILL)
        for _ in range(20):
            os.kill(server.pid, signal.SIGHUP)
            time.sleep(0.1)
        until(lambda: len(workers_of(server)) >= 4, "new workers")
        all_started(server, 4)
        assert serves(server, "one.example")
        # None of the new ones was ended by the signal and replaced.
        for pid in workers_of(server)[2:4]:
            os.kill(pid, 0)


def workers_of(server: Server) -> list[int]:
    """Return the workers, from the log."""
    found = re.findall(r"Started server process \[(\d+)\]", server.log.read_text())
    return [int(pid) for pid in found]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_terminal_that_is_closed(home: Path, workers: str) -> None:
    """A server that was started on a terminal ends with the terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "waypost", "serve", "--demo", "--port", "0"]
    command += ["--admin-port", "0"]
    process = subprocess.Popen(
        ["setsid", "--ctty", *command, "--workers", workers],
        cwd=home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while said.count(b"startup complete") < int(workers):
        said += os.read(ours, 4096)
    os.close(ours)
    assert process.wait(PATIENCE_SECONDS) in {0, -signal.SIGTERM}
