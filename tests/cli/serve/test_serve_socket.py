"""`waypost serve` at a Unix socket, and the guide's HAProxy in front of it."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Waypost
from tests.docs.pages import ROOT, blocks
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import SOURCE, free_port

AUTOCONFIG = "/mail/config-v1.1.xml"


@contextmanager
def serving(home: Path, *flags: str, log_format: str = "json") -> Iterator[Path]:
    """Serve the samples behind one proxy; yield the socket."""
    path = home / "waypost.sock"
    command = [sys.executable, "-m", "waypost", "serve", "--demo", "--admin-port", "0"]
    command += ["--proxy-count", "1", "--unix-socket", f"{path}", *flags]
    command += ["--log-format", log_format]
    environment = {"HOME": f"{home}", "PYTHONPATH": f"{SOURCE}", "PATH": "/usr/bin:/bin"}
    with Process(command, log=home / "log", environment=environment, folder=home) as process:
        process.wait_until(lambda: answers(path))
        yield path


def answers(path: Path) -> bool:
    """Return whether a process listens on the socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(f"{path}") == 0


def ask(path: Path, url: str, **headers: str) -> httpx.Response:
    """Send a request to the socket."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=f"{path}")) as client:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(f"http://localhost{url}", headers=sent, timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_served(home: Path, workers: str) -> None:
    """A stale socket is replaced; every connection is one of the web server in front."""
    path = home / "waypost.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{path}")
    with serving(home, "--workers", workers, log_format="console"):
        headers = {"X_Forwarded_Host": "autoconfig.example.net", "X_Forwarded_Proto": "http"}
        assert "<domain>example.net</domain>" in ask(path, AUTOCONFIG, **headers).text
        assert ask(path, "/mobileconfig?emailaddress=a@example.net", **headers).status_code == 302
        assert ask(path, "/initdb/").status_code == 404
        assert path.stat().st_mode & 0o777 == 0o666
    assert f"curl --unix-socket {path}:\n  http://localhost/mail/" in (home / "log").read_text()


def test_socket_in_use(home: Path, waypost: Waypost) -> None:
    """A socket that is in use is not replaced, and neither is another file."""
    path, file = home / "waypost.sock", home / "file"
    file.write_text("kept", encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(f"{path}")
        other.listen()
        for taken in (path, file):
            flags = ["--demo", "--admin-port", "0", "--unix-socket", f"{taken}"]
            outcome = waypost("serve", *flags)
            assert outcome.code == 2
            assert f"unix_socket {taken}: cannot listen: Address already" in outcome.err
        assert answers(path)
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("path", ["waypost.sock", f"/{'x' * 107}"])
def test_invalid_socket_path(home: Path, waypost: Waypost, path: str) -> None:
    """A relative path and one that is too long for a socket are refused."""
    assert home.is_dir()
    outcome = waypost("serve", "--demo", "--unix-socket", path)
    assert outcome.code == 2
    assert "must be an absolute path of at most 107 bytes" in outcome.err


@pytest.mark.servers
def test_behind_haproxy(home: Path) -> None:
    """HAProxy reaches the socket with the line of the guide, and Host selects the domain."""
    require(programs=["haproxy"])
    guide = ROOT / "docs/guide.md"
    line = "server waypost /run/waypost/waypost.sock"
    assert f"`{line}`" in guide.read_text(encoding="utf-8")
    (text,) = (block.text for block in blocks(guide, "haproxy"))
    port = free_port()
    with serving(home) as path:
        lines = [one for one in text.splitlines() if "bind :443" not in one]
        text = "\n".join(lines).replace("bind :80", f"bind 127.0.0.1:{port}")
        text = text.replace("server waypost 127.0.0.1:4243", f"server waypost {path}")
        (home / "haproxy.cfg").write_text(f"{text}\n", encoding="utf-8")
        command = [program("haproxy"), "-db", "-f", f"{home}/haproxy.cfg"]
        with Process(command, log=home / "output") as process:
            process.wait_until(lambda: listens(port))
            headers = {"Host": "autoconfig.example.net"}
            answer = httpx.get(
                f"http://127.0.0.1:{port}{AUTOCONFIG}", headers=headers, timeout=PATIENCE_SECONDS
            )
    assert (answer.status_code, "<domain>example.net</domain>" in answer.text) == (200, True)
