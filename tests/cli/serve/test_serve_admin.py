"""The admin listener of a running server: a separate process that starts and stops."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Waypost
from tests.cli.serve.test_serve import (
    AUTOCONFIG,
    Server,
    serving,
)
from tests.cli.serve.test_serve_reload import providers, until
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.process import Process
from tests.servers.process_tree import children
from tests.servers.waypost import SOURCE, free_port

LOADED = """
import asyncio, sys
from waypost.settings import load_from_process
from waypost.web.public import server
from waypost.web.public.workers.worker import create_app
from waypost.wiring.runtime import wire
settings = load_from_process({"demo": True}).settings
create_app(settings.model_copy(update={"log_key": "k" * 16}))
asyncio.run(wire(settings).close())
print(sorted(name for name in sys.modules if name.startswith(("fastapi", "starlette"))))
started = ("waypost.web.admin", "waypost.web.admin.process")
print(sorted(name for name in sys.modules if name.startswith(started) and name not in started))
"""


def asked(port: int, host: str) -> int:
    """Ask for a certificate as Caddy does, without `Connection`; 0 if there is no answer.

    Only such a request is answered at once, from the second one.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", f"/tls/ask?domain={host}")
        return connection.getresponse().status
    return 0


def operators(server: Server) -> int:
    """Return the process of the admin listener: the one with its own process group."""
    (found,) = (pid for pid in children(server.pid) if os.getpgid(pid) == pid)
    return found


def test_worker_loads_no_admin_module(home: Path) -> None:
    """Workers import neither the admin listener nor its framework."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=home,
        env=os.environ | {"PYTHONPATH": f"{SOURCE}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n[]\n"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_admin_process_reloads_providers(home: Path, workers: str) -> None:
    """A domain that is added to the providers file may have certificates, and is logged once."""
    (home / "mail.toml").write_text(providers("one.example"), encoding="utf-8")
    port = free_port()
    flags = ["--providers", "mail.toml", "--workers", workers, "--admin-port", str(port)]
    with serving(home, *flags) as server:
        until(lambda: asked(port, "autoconfig.one.example") == 200, "the first answer")
        assert asked(port, "autoconfig.two.example") == 404
        assert server.status("/tls/ask?domain=autoconfig.one.example") == 404
        (home / "mail.toml").write_text(providers("two.example"), encoding="utf-8")
        until(lambda: asked(port, "autoconfig.two.example") == 200, "the new domain")
        until(lambda: asked(port, "autoconfig.one.example") == 404, "the old domain")
        until(lambda: server.status(f"{AUTOCONFIG}a@two.example") == 200, "mail clients")
        until(lambda: '"providers file loaded"' in server.log.read_text(), "its line in the log")
        assert server.log.read_text().count('"providers file loaded"') == 1
        child = operators(server)
    assert "leaked" not in server.log.read_text()
    until(lambda: not Path(f"/proc/{child}").exists(), "its end")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_admin_process_has_its_own_metrics(home: Path, workers: str) -> None:
    """Its counters are on its own port, and those of the workers on theirs."""
    port, metrics = free_port(), free_port()
    flags = ["--workers", workers, "--admin-port", str(port)]
    flags += ["--metrics-listen", f"127.0.0.1:{metrics}"]
    with serving(home, "--demo", *flags):
        until(lambda: asked(port, "autoconfig.example.com") == 200, "the first answer")
        own = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        others = httpx.get(f"http://127.0.0.1:{metrics}/metrics").text
    # A question that took too long for `asked` counts as well.
    assert re.search(r'^waypost_tls_asks_total{result="yes"} [1-9]', own, re.MULTILINE)
    assert "waypost_tls" not in others


def test_admin_process_handles_sighup(home: Path, waypost: Waypost) -> None:
    """After SIGHUP, the admin process asks the database again, for any `cache_ttl`."""
    port = free_port()
    uri = "sqlite:///mail.sqlite"
    (home / "mail.toml").write_text(providers("one.example"), encoding="utf-8")
    environ = {"WAYPOST_DB_URI": uri, "WAYPOST_CACHE_TTL": "3600"}
    with serving(home, "--admin-port", str(port), **environ) as server:
        until(lambda: asked(port, "autoconfig.one.example") == 404, "the first answer")
        assert waypost("apply", "mail.toml", "--db-uri", uri).code == 0
        assert asked(port, "autoconfig.one.example") == 404
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: asked(port, "autoconfig.one.example") == 200, "the new answer")


def test_admin_process_is_restarted(home: Path) -> None:
    """If the admin process ends, a new one replaces it, and no request is lost."""
    port = free_port()
    with serving(home, "--demo", "--admin-port", str(port)) as server:
        until(lambda: asked(port, "autoconfig.example.com") == 200, "the first answer")
        first = operators(server)
        os.kill(first, signal.SIGKILL)
        url = f"http://127.0.0.1:{port}/tls/ask?domain=autoconfig.example.com"
        assert httpx.get(url, timeout=PATIENCE_SECONDS).status_code == 200
        assert operators(server) != first
        wait_for_log(server.log, "admin process exited; restarting")


def test_admin_process_ends_with_a_killed_server(home: Path) -> None:
    """A server that is killed leaves no process behind on the port."""
    port, own = free_port(), free_port()
    flags = ["--demo", "--port", str(own), "--admin-port", str(port)]
    command = [sys.executable, "-m", "waypost", "serve", *flags]
    with Process(command, log=home / "log", folder=home) as process:
        process.wait_until(lambda: asked(port, "autoconfig.example.com") == 200)
        # Only the server itself: its group has not got the other process.
        process.kill()
        until(lambda: asked(port, "autoconfig.example.com") == 0, "the end")


def test_default_port_in_use(home: Path) -> None:
    """If the default admin port is in use, mail clients are answered, with one line in the log."""
    log = home / "log"
    port = free_port()
    command = [sys.executable, "-m", "waypost", "serve", "--demo", "--port", str(port)]
    environment = {k: v for k, v in os.environ.items() if k != "WAYPOST_ADMIN_PORT"}
    with ExitStack() as stack:
        with suppress(OSError):  # Another process has it, which is fine.
            stack.enter_context(socket.create_server(("127.0.0.1", 4244)))
        process = stack.enter_context(Process(command, log=log, environment=environment))
        process.wait_until(lambda: listens(port))
        until(lambda: "admin listener disabled" in log.read_text(), "the line")
    (line,) = (line for line in log.read_text().splitlines() if "admin listener disabled" in line)
    assert "admin_host 127.0.0.1, admin_port 4244: cannot listen: Address already" in line
    assert "set admin_port to another port, or to 0" in line


def test_configured_port_in_use(waypost: Waypost) -> None:
    """If the configured admin port is in use, the server does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        outcome = waypost("serve", "--demo", "--port", "0", "--admin-port", port)
    assert outcome.code == 2
    said = f"error: admin_host 127.0.0.1, admin_port {port}: cannot listen: Address already"
    assert said in outcome.err


def test_database_in_memory(waypost: Waypost) -> None:
    """A database in memory is in one process, so the admin process cannot use it."""
    port = str(free_port())
    flags = ["--port", "0", "--db-uri", "sqlite://"]
    outcome = waypost("serve", *flags, "--admin-port", port)
    assert outcome.code == 2
    said = f"error: admin_port {port}: the admin process cannot read a database in memory; set"
    assert said in outcome.err


def test_none(home: Path) -> None:
    """With admin port 0, there is no admin process."""
    with serving(home, "--demo") as server:
        assert children(server.pid) == []
