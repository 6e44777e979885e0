"""`waypost serve` under the confinement of its unit."""

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
from tests.servers.waypost import SOURCE

UNIT = ROOT / "contrib" / "waypost.service"
PROBE = """
import ctypes, mmap, os, socket
def refused(action):
    try:
        action()
    except (OSError, ValueError) as error:
        return type(error).__name__
    return "allowed"
print(refused(lambda: os.chroot("/")))
print(refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)))
print(refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)))
print(refused(lambda: os.setpriority(os.PRIO_PROCESS, 0, 5)))
print(refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()))
"""


def confined(*command: str) -> list[str]:
    return [sys.executable, "-m", "tests.servers.confined", f"{UNIT}", *command]


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WAYPOST_")}
    return kept | {"PYTHONPATH": f"{SOURCE}:{ROOT}", "HOME": f"{home}"}


@pytest.mark.servers
def test_what_is_refused(home: Path) -> None:
    """The confinement of the tests refuses what systemd would refuse."""
    require(programs=["systemd-analyze"], root=True)
    done = subprocess.run(
        confined(sys.executable, "-c", PROBE),
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    if "MemoryDenyWriteExecute: set" in done.stderr:
        assert done.stdout.splitlines()[2] == "PermissionError"
    lines = done.stdout.splitlines()
    assert lines[:2] == ["PermissionError", "PermissionError"]
    assert lines[3:] == ["PermissionError", "allowed"]


@pytest.mark.servers
@pytest.mark.parametrize("workers", ["1", "2"])
def test_served(home: Path, workers: str) -> None:
    """The service upgrades its database, answers, reloads and ends under its confinement."""
    require(programs=["systemd-analyze"], root=True)
    environ = environment(home) | {"WAYPOST_DB_URI": f"sqlite:///{home}/mail.sqlite"}
    waypost = [sys.executable, "-m", "waypost"]
    public, admin = tcp_socket(), tcp_socket()
    url = f"http://127.0.0.1:{public.getsockname()[1]}"
    ask = f"http://127.0.0.1:{admin.getsockname()[1]}/tls/ask?domain=autoconfig.example.com"
    with ServiceManager(home, [("", public), ("admin", admin)], watchdog_seconds=4) as manager:
        manager.start(confined(*waypost, "serve", "--workers", workers), environ)
        subprocess.run(
            confined(*waypost, "apply", "--demo"), env=environ, check=True, capture_output=True
        )
        for path in ("/mail/config-v1.1.xml", "/mobileconfig", "/"):
            answer = httpx.get(
                f"{url}{path}?emailaddress=alice@example.net", timeout=PATIENCE_SECONDS
            )
            assert answer.status_code == 200, path
        assert httpx.get(ask, timeout=PATIENCE_SECONDS).status_code == 200
        assert httpx.get(f"{url}/initdb/", timeout=PATIENCE_SECONDS).status_code == 200
        manager.send(signal.SIGHUP)
        manager.wait_for("READY", 2)
        manager.wait_for("WATCHDOG", 2)
        assert manager.stop() in {0, -signal.SIGTERM}
    text = manager.log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert "killing" not in text
