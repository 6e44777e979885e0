"""`waypost admin serve`: the admin listener without a public listener, as a service."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Waypost
from tests.cli.serve.test_serve_reload import until
from tests.docs.pages import ROOT
from tests.servers.forked import run_waypost
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import require
from tests.servers.service_manager import ServiceManager, tcp_socket
from tests.servers.waypost import SOURCE, free_port
from waypost.settings import Settings

UNIT = ROOT / "contrib" / "waypost-admin.service"
ADMIN = [sys.executable, "-m", "waypost", "admin", "serve"]
PROVIDER = """
[[provider]]
name = "Own"
domains = [{domains}]
services = [{{ type = "imap", host = "a.example" }}, {{ type = "smtp", host = "b.example" }}]
"""


PORTS = [
    # admin_port of the settings, the flags, the port
    (None, [], 4244),
    (5000, [], 5000),
    (0, [], 4244),
    (5000, ["--port", "6000"], 6000),
    (0, ["--port", "1"], 1),
    (None, ["--port", "65535"], 65535),
]


@pytest.fixture(name="started")
def _started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Return the settings of the listeners that commands would start."""
    started: list[Settings] = []
    monkeypatch.setattr("waypost.cli.administration.admin_listener.run_admin", started.append)
    return started


@pytest.mark.parametrize(("admin_port", "flags", "port"), PORTS)
def test_port(
    waypost: Waypost,
    home: Path,
    started: list[Settings],
    admin_port: int | None,
    flags: list[str],
    port: int,
) -> None:
    """The flag decides, then admin_port; 0 disables only the listener of `waypost serve`."""
    lines = ["demo = true", *([] if admin_port is None else [f"admin_port = {admin_port}"])]
    (home / "waypost.toml").write_text("\n".join(lines), encoding="utf-8")
    assert waypost("admin", "serve", *flags).code == 0
    assert [(one.admin_port, one.demo) for one in started] == [(port, True)]


WRONG = [
    # the settings, the flags, what the error names
    ("demo = true", ["--port", "0"], "--port"),
    ("demo = true", ["--port", "65536"], "--port"),
    ("demo = true", ["--port", "http"], "--port"),
    ("demo = true\nadmin_port = -1", [], "admin_port"),
    ('demo = true\nadmin_host = "0.0.0.0"', [], "admin_host"),
    ('demo = true\nlanguages_dir = "own"', [], "own/admin/sv.po: line 1: "),
    ('demo = true\nlanguages_dir = "none"', [], "none: No such file or directory"),
]


@pytest.mark.parametrize(("settings", "flags", "named"), WRONG)
def test_wrong_use(
    waypost: Waypost,
    home: Path,
    started: list[Settings],
    settings: str,
    flags: list[str],
    named: str,
) -> None:
    """A value that cannot be used is named, and nothing listens."""
    (home / "own" / "admin").mkdir(parents=True)
    (home / "own" / "admin" / "sv.po").write_text("Hej", encoding="utf-8")
    (home / "waypost.toml").write_text(settings, encoding="utf-8")
    outcome = waypost("admin", "serve", *flags)
    assert (outcome.code, outcome.out, started) == (2, "", [])
    assert named in outcome.err


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WAYPOST_")}
    return kept | {"PYTHONPATH": f"{SOURCE}:{ROOT}", "HOME": f"{home}"}


@pytest.mark.servers
@pytest.mark.parametrize("is_passed", [True, False])
def test_service(home: Path, *, is_passed: bool) -> None:
    """A confined service answers on its port or socket, reloads, and ends at SIGTERM."""
    require(programs=["systemd-analyze"], root=True)
    (home / "mail.toml").write_text(PROVIDER.format(domains='"one.example"'), encoding="utf-8")
    (home / "waypost.toml").write_text('providers = "mail.toml"\nadmin_port = 0\n', "utf-8")
    confined = [sys.executable, "-m", "tests.servers.confined", f"{UNIT}", *ADMIN]
    listener = tcp_socket() if is_passed else None
    port = free_port() if listener is None else listener.getsockname()[1]
    sockets = [] if listener is None else [("admin", listener)]
    flags = [] if is_passed else ["--port", f"{port}"]

    def status(path: str) -> int:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_SECONDS).status_code

    with ServiceManager(home, sockets, watchdog_seconds=2.0) as manager:
        manager.start([*confined, *flags], environment(home))
        assert status("/healthz") == 200
        assert status("/tls/ask?domain=autoconfig.one.example") == 200
        assert status("/tls/ask?domain=autoconfig.two.example") == 404
        # What the workers of `waypost serve` do is not known here.
        assert status("/readyz") == 404
        manager.wait_for("WATCHDOG", 2)
        domains = '"one.example", "two.example"'
        (home / "mail.toml").write_text(PROVIDER.format(domains=domains), encoding="utf-8")
        manager.send(signal.SIGHUP)
        manager.wait_for("READY", 2)
        manager.wait_for_status("Serving 2 domains since ")
        assert status("/tls/ask?domain=autoconfig.two.example") == 200
        assert manager.stop() == 0
        manager.wait_for("STOPPING")
    text = manager.log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert f'"port": {port}' in text


def refused(home: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    """Return the end of an admin listener that cannot start."""
    command = ("admin", "serve", "--demo", *flags)
    return run_waypost(*command, environment=environment(home), folder=home)


def test_port_in_use(home: Path) -> None:
    """A port that another program uses is an error with exit code 2."""
    with tcp_socket() as taken:
        port = taken.getsockname()[1]
        done = refused(home, "--port", f"{port}")
    assert done.returncode == 2
    assert f"admin_port {port}" in done.stderr


def test_wrong_database(home: Path) -> None:
    """A URI that SQLAlchemy cannot use is refused at the start, also with a providers file."""
    uri = "oracle://db.example/mail"
    done = refused(home, "--db-uri", uri, "--port", f"{free_port()}")
    assert done.returncode == 2
    assert "db_uri: the driver for oracle is not installed" in done.stderr


def test_end_during_the_load_of_the_pages(home: Path) -> None:
    """SIGTERM while the pages are loaded ends the process with exit code 0."""
    port = free_port()
    command = [*ADMIN, "--demo", "--port", f"{port}"]
    with Process(command, log=home / "log", environment=environment(home), folder=home) as process:
        process.wait_until(lambda: listens(port))
        with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as page:
            page.sendall(b"GET /admin/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            # The load has begun when a later request has its answer.
            assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
            os.kill(process.pid, signal.SIGTERM)
            until(lambda: process.exit_code is not None, "the end")
        assert process.exit_code == 0
