"""`waypost admin serve`: the admin listener without a public listener, as a service."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import ROOT
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import require
from tests.servers.service_manager import ServiceManager, tcp_socket
from tests.servers.waypost import SOURCE, free_port

UNIT = ROOT / "contrib" / "waypost-admin.service"
ADMIN = [sys.executable, "-m", "waypost", "admin", "serve"]
PROVIDER = """
[[provider]]
name = "Own"
domains = [{domains}]
services = [{{ type = "imap", host = "a.example" }}, {{ type = "smtp", host = "b.example" }}]
"""


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


def test_port_in_use(home: Path) -> None:
    """A port that another program uses is an error with exit code 2."""
    with tcp_socket() as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*ADMIN, "--demo", "--port", f"{port}"],
            env=environment(home),
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    assert done.returncode == 2
    assert f"admin_port {port}" in done.stderr
