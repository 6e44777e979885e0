"""Several workers on a busy machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.test_serve import serving
from tests.cli.test_serve_admin import children
from tests.cli.test_serve_reload import all_started, serves, until
from tests.servers.frozen import frozen
from tests.servers.nginx import listens
from tests.servers.process import Process, tied_to_this_process
from tests.servers.requirements import program, require
from tests.servers.waypost import SOURCE, free_port


def test_slow_worker_is_waited_for(home: Path) -> None:
    """A worker that does not respond for some seconds, as on a busy machine, is not ended."""
    with serving(home, "--demo", "--admin-port", "0", "--workers", "2") as server:
        all_started(server, 2)
        workers = [pid for pid in children(server.pid) if is_worker(pid)]
        with frozen(workers[0]):
            time.sleep(6)  # uvicorn's own patience is 5
        assert serves(server, "example.com")
        assert "worker exited" not in server.log.read_text()
        assert [pid for pid in children(server.pid) if is_worker(pid)] == workers


def test_one_limit_for_all_workers(home: Path) -> None:
    """A client network gets what `rate_limit` says from all workers together."""
    limits = ["--rate-limit", "0.001", "--rate-limit-burst", "60", "--rate-limit-query-cost", "0"]
    flags = ["--demo", "--admin-port", "0", "--workers", "2", "--proxy-count", "1", *limits]
    path = "/mail/config-v1.1.xml?emailaddress=a@example.com"
    with serving(home, *flags) as server:
        all_started(server, 2)
        found: list[int] = []
        for busy in [pid for pid in children(server.pid) if is_worker(pid)]:
            with frozen(busy):
                found += [server.status(path, client="203.0.113.5") for _ in range(40)]
    assert found == [200] * 60 + [429] * 20


def is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_closed_working_folder(home: Path) -> None:
    """`serve` works in a working folder without permission for its user."""
    require(programs=["setpriv"], root=True)  # Root can make a folder of another user.
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    os.chown(closed, 65534, 65534)
    port, admin_port = free_port(), free_port()
    # Root without these capabilities is like any user to the folder of another one.
    command = [
        *(program("setpriv"), "--bounding-set=-dac_override,-dac_read_search", "--"),
        *(sys.executable, "-m", "waypost", "serve", "--demo", "--workers", "2"),
        *("--port", f"{port}", "--admin-port", f"{admin_port}"),
    ]
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}", "HOME": f"{home}"}
    process = Process(command, log=home / "log", environment=environment, folder=closed)
    with process:
        process.wait_until(lambda: listens(port) and listens(admin_port))
        url = f"http://127.0.0.1:{port}/mail/config-v1.1.xml?emailaddress=a@example.com"
        ask = f"http://127.0.0.1:{admin_port}/tls/ask?domain=autoconfig.example.com"
        assert [httpx.get(one, timeout=60).status_code for one in (url, ask)] == [200, 200]
    assert "PermissionError" not in (home / "log").read_text(encoding="utf-8")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_signals_at_the_start(home: Path, workers: str) -> None:
    """Signals during the start of workers have an effect, and SIGTERM leaves no process behind."""
    port, admin_port = free_port(), free_port()
    command = [sys.executable, "-m", "waypost", "serve", "--demo", "--workers", workers]
    command += ["--port", f"{port}", "--admin-port", f"{admin_port}"]
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}", "HOME": f"{home}"}
    for numbers in ([signal.SIGTERM], [signal.SIGHUP, signal.SIGHUP, signal.SIGTERM]):
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                tied_to_this_process(command), cwd=home, stderr=log, env=environment
            )
        while not listens(admin_port):
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(0.2)
        below = children(process.pid)
        for number in numbers:
            os.kill(process.pid, number)
        assert process.wait(60) in {0, -signal.SIGTERM}
        until(lambda: not any(map(is_alive, below)), "the end of all")  # noqa: B023 -- at once
        assert "Traceback" not in (home / "log").read_text(encoding="utf-8")


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
