"""Several workers on a busy machine."""

import os
import re
import signal
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from tests.cli.serve.test_serve import AUTOCONFIG, Server, serving
from tests.cli.serve.test_serve_reload import PAUSE_SECONDS, all_started, serves, until
from tests.servers.frozen import frozen
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process, start
from tests.servers.process_tree import children
from tests.servers.requirements import program, require
from tests.servers.waypost import SOURCE, free_port
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import Tokens
from waypost.admin.principal import Role
from waypost.cli.main import main
from waypost.cli.principal import command_principal
from waypost.database.engine import open_engine

CACHE_TTL_SECONDS = 1.0
NEW_HOST = "imap.changed.example"
STALE = r'^waypost_cache_answers_total{kind="stale"} (\S+)$'


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


def test_change_reaches_all_workers(home: Path) -> None:
    """A change by the API is in the answers of each worker when `cache_ttl` is over."""
    uri, admin, metrics = f"sqlite:///{home}/waypost.sqlite", free_port(), free_port()
    assert main(["apply", "--demo", "--db-uri", uri]) == 0
    engine = open_engine(uri)
    token, _ = Tokens(engine).create("panel", AccessScope(Role.WRITE), by=command_principal())
    engine.dispose()
    flags = ["--workers", "2", "--admin-port", f"{admin}"]
    flags += ["--metrics-listen", f"127.0.0.1:{metrics}"]
    environ = {"WAYPOST_DB_URI": uri, "WAYPOST_CACHE_TTL": f"{CACHE_TTL_SECONDS}"}
    services = [{"type": name, "host": NEW_HOST} for name in ("imap", "smtp")]
    body = {"provider": "Example Inc.", "services": services}
    with serving(home, *flags, **environ) as server:
        all_started(server, 2)
        until(lambda: len(workers(server)) == 2, "the process group of the admin process")
        for other in workers(server):
            with frozen(other):
                assert not has_new_host(server)
        changed = httpx.put(
            f"http://127.0.0.1:{admin}/api/v1/domains/example.com",
            json=body,
            headers={"authorization": f"Bearer {token}"},
            timeout=PATIENCE_SECONDS,
        )
        expired_at = time.monotonic() + CACHE_TTL_SECONDS
        assert changed.status_code == 200, changed.text
        while time.monotonic() < expired_at:
            has_new_host(server)  # Requests must not keep the old document in memory.
            time.sleep(PAUSE_SECONDS)
        answers: list[bool] = []
        for other in workers(server):
            with frozen(other):
                answers += [has_new_host(server) for _ in range(10)]
        # On a busy machine, the database may not answer in time; each old answer is then counted.
        counts = httpx.get(f"http://127.0.0.1:{metrics}/metrics", timeout=PATIENCE_SECONDS).text
        stale = re.search(STALE, counts, re.MULTILINE)
        assert answers.count(False) <= (float(stale[1]) if stale else 0)
        until(lambda: all(has_new_host(server) for _ in range(20)), "the new document alone")


def workers(server: Server) -> list[int]:
    """Return the processes of the workers."""
    return [pid for pid in children(server.pid) if is_worker(pid)]


def has_new_host(server: Server) -> bool:
    """Return whether the answer to a request on a new connection has the new host."""
    place = server.place.removeprefix("http://")
    with closing(HTTPConnection(place, timeout=PATIENCE_SECONDS)) as connection:
        connection.request("GET", f"{AUTOCONFIG}a@example.com")
        answer = connection.getresponse()
        assert answer.status == 200
        return NEW_HOST.encode() in answer.read()


def is_worker(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text(encoding="ascii") == "waypost worker\n"


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
            process = start(command, output=log, environment=environment, folder=home)
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
