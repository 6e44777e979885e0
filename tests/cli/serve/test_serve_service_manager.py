"""`waypost serve` under a service manager: its notifications, and the sockets that it is given."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import program, require
from tests.servers.service_manager import ServiceManager, tcp_socket, unix_socket
from tests.servers.waypost import SOURCE, free_port

COMMAND = [sys.executable, "-m", "waypost", "serve", "--log-format", "json"]
URL = "/mail/config-v1.1.xml?emailaddress=alice@"
PROVIDER = """
[[provider]]
name = "Own"
domains = [{domains}]
services = [{{ type = "imap", host = "a.example" }}, {{ type = "smtp", host = "b.example" }}]
"""


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WAYPOST_")}
    return kept | {"PYTHONPATH": f"{SOURCE}", "HOME": f"{home}"}


def status(port: int, path: str) -> int:
    return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_SECONDS).status_code


@pytest.mark.parametrize("workers", ["1", "2"])
def test_notifications(home: Path, workers: str) -> None:
    """READY comes when requests are answered, a reload has an end, and the text has the domains."""
    providers = home / "mail.toml"
    providers.write_text(PROVIDER.format(domains='"one.example"'), encoding="utf-8")
    command = [*COMMAND, "--providers", f"{providers}", "--admin-port", "0", "--workers", workers]
    listener = tcp_socket()
    port = listener.getsockname()[1]
    with ServiceManager(home, [("waypost.socket", listener)], watchdog_seconds=2.0) as manager:
        manager.start(command, environment(home))
        assert manager.sent[0].keys() <= {"READY", "STATUS", "WATCHDOG"}
        (first,) = [one for one in manager.sent if "READY" in one]
        assert re.fullmatch(r"Serving 1 domain since [0-9: -]+ UTC", first["STATUS"])
        manager.wait_for("WATCHDOG", 3)
        providers.write_text(
            PROVIDER.format(domains='"one.example", "two.example"'), encoding="utf-8"
        )
        manager.send(signal.SIGHUP)
        manager.wait_for("READY", 2)
        assert status(port, f"{URL}two.example") == 200
        manager.wait_for_status("Serving 2 domains since ")
        manager.stop()
        manager.wait_for("STOPPING")
    states = [one for one in manager.sent if not one.keys() <= {"WATCHDOG", "STATUS"}]
    kinds = [next(iter(one)) for one in states]
    assert kinds == ["READY", "RELOADING", "READY", "STOPPING"]
    assert int(states[1]["MONOTONIC_USEC"]) > 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_watchdog_of_a_stopped_process(home: Path, workers: str) -> None:
    """The watchdog gets nothing while the process does not run."""
    command = [*COMMAND, "--demo", "--admin-port", "0", "--workers", workers]
    with ServiceManager(home, [("", tcp_socket())], watchdog_seconds=0.8) as manager:
        manager.start(command, environment(home))
        manager.wait_for("WATCHDOG", 2)
        manager.send(signal.SIGSTOP)
        time.sleep(0.3)  # what was sent before arrives
        count = manager.count("WATCHDOG")
        time.sleep(1.5)
        assert manager.count("WATCHDOG") == count
        manager.send(signal.SIGCONT)
        manager.wait_for("WATCHDOG", count + 2)


def test_database_with_domains(home: Path) -> None:
    """The text has the number of domains in a database, and that after a reload."""
    environ = environment(home) | {"WAYPOST_DB_URI": f"sqlite:///{home}/mail.sqlite"}
    waypost = [sys.executable, "-m", "waypost"]
    subprocess.run([*waypost, "apply", "--demo"], env=environ, check=True, cwd=home)
    with ServiceManager(home, [("", tcp_socket())]) as manager:
        manager.start([*COMMAND, "--admin-port", "0"], environ)
        (first,) = [one for one in manager.sent if "READY" in one]
        subprocess.run(
            [*waypost, "domain", "set", "more.example", "--like", "example.com"],
            env=environ,
            check=True,
            cwd=home,
        )
        count = int(re.findall(r"Serving ([0-9]+) domains since ", first["STATUS"])[0])
        manager.send(signal.SIGHUP)
        manager.wait_for_status(f"Serving {count + 1} domains since ")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_three_sockets(home: Path, workers: str) -> None:
    """A TCP socket and a Unix socket are public, the one named `admin` is the admin listener's."""
    public, admin, path = tcp_socket(), tcp_socket(), home / "waypost.sock"
    sockets = [("waypost.socket", public), ("admin", admin), ("", unix_socket(path))]
    port, admin_port = public.getsockname()[1], admin.getsockname()[1]
    other_port = free_port()
    command = [*COMMAND, "--demo", "--workers", workers, "--port", f"{other_port}"]
    with ServiceManager(home, sockets) as manager:
        manager.start(command, environment(home))
        assert status(port, f"{URL}example.com") == 200
        assert status(admin_port, "/tls/ask?domain=autoconfig.example.com") == 200
        assert status(port, "/tls/ask?domain=autoconfig.example.com") == 404
        with httpx.Client(transport=httpx.HTTPTransport(uds=f"{path}")) as client:
            url = f"http://localhost{URL}example.com"
            assert client.get(url, timeout=PATIENCE_SECONDS).status_code == 200
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", other_port)) != 0
        manager.stop()
        assert path.is_socket(), "the file is the service manager's"
    assert "using a socket of the service manager" in manager.log.read_text(encoding="utf-8")


@pytest.mark.servers
def test_tool_of_systemd(home: Path) -> None:
    """The tool of systemd for sockets passes one."""
    require(programs=["systemd-socket-activate"])
    port = free_port()
    command = [program("systemd-socket-activate"), f"--listen=127.0.0.1:{port}"]
    names = [f"--setenv={name}={value}" for name, value in environment(home).items()]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *names, *COMMAND, "--demo", "--admin-port", "0"],
            cwd=home,
            stderr=log,
            stdout=log,
        )
        try:
            end = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < end:
                try:
                    assert status(port, f"{URL}example.com") == 200
                    break
                except httpx.ConnectError:
                    time.sleep(0.05)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
    text = (home / "log").read_text(encoding="utf-8")
    assert "using a socket of the service manager" in text
