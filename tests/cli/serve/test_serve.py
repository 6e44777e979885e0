"""The server, started from the command line as a separate process.

Two tests start it as a new program; all others, here and in other files, as a fork.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.cli.conftest import Waypost
from tests.servers.forked import Forked
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import start, tied_to_this_process
from tests.servers.waypost import free_port
from waypost.cli.start_server import urls
from waypost.demo import demo_catalog
from waypost.providers_file import load as providers_file
from waypost.providers_file.document import read_watched_file
from waypost.settings import load_from_process

AUTOCONFIG = "/mail/config-v1.1.xml?emailaddress="


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    place: str
    log: Path
    pid: int

    def status(self, path: str, client: str | None = None) -> int:
        """Send a request on a new connection; return the status of the answer.

        Args:
            path: with the query.
            client: whose address is in X-Forwarded-For; None for no such field.

        httpx would read all certificates of the machine for each connection, and take from the
        server the processor that they share.
        """
        place = self.place.removeprefix("http://")
        with closing(http.client.HTTPConnection(place, timeout=PATIENCE_SECONDS)) as connection:
            fields = {} if client is None else {"X-Forwarded-For": client}
            connection.request("GET", path, headers=fields)
            return connection.getresponse().status


@contextmanager
def serving(home: Path, *flags: str, **environ: str) -> Iterator[Server]:
    """Run `waypost serve` until the end of the block, and check its end."""
    with _serving(home, flags, environ, start) as server:
        yield server


@contextmanager
def serving_by_exec(home: Path, *flags: str, **environ: str) -> Iterator[Server]:
    """Run `waypost serve` as a new program, not as a fork of one that has its modules."""
    with _serving(home, flags, environ, _execute) as server:
        yield server


@contextmanager
def _serving(
    home: Path,
    flags: Sequence[str],
    environ: Mapping[str, str],
    begin: Callable[..., subprocess.Popen[bytes] | Forked],
) -> Iterator[Server]:
    port = free_port()
    log = home / "log"
    environ = {"WAYPOST_ADMIN_PORT": "0", **environ}
    command = [sys.executable, "-m", "waypost", "serve", "--port", str(port), *flags]
    with log.open("wb") as file:
        process = begin(command, output=file, environment={**os.environ, **environ}, folder=home)
    try:
        server = Server(f"http://127.0.0.1:{port}", log, process.pid)
        wait_for(process, server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE_SECONDS)
    assert code in {0, -signal.SIGTERM}, log.read_text()
    assert "Traceback" not in log.read_text()


def _execute(
    command: Sequence[str], *, output: BinaryIO, environment: Mapping[str, str], folder: Path
) -> subprocess.Popen[bytes]:
    command = tied_to_this_process(command)
    return subprocess.Popen(command, cwd=folder, stderr=output, env=environment)


def wait_for(process: subprocess.Popen[bytes] | Forked, server: Server) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.status("/")
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the server did not answer:\n{server.log.read_text()}")


def test_samples(home: Path) -> None:
    """With --demo, the samples are served, and the three logged URLs answer."""
    with serving_by_exec(home, "--demo") as server:
        (line,) = [line for line in events(server.log) if line["event"] == "listening"]
        tries = line["urls"]
        assert [url.startswith(server.place) for url in tries] == [True] * 3
        for url in tries:
            assert server.status(url.removeprefix(server.place)) == 200
        assert server.status(f"{AUTOCONFIG}alice@fails.example") == 404
        assert server.status(f"{AUTOCONFIG}alice@unserved.example") == 404
    assert not (home / ".local").exists()


def test_database(home: Path, waypost: Waypost) -> None:
    """A new database is upgraded at the start, and domains that are applied later are served."""
    environ = {"WAYPOST_DB_URI": "sqlite:///var/mail.sqlite", "WAYPOST_CACHE_TTL": "0"}
    with serving(home, **environ) as server:
        assert server.status(f"{AUTOCONFIG}alice@example.com") == 404
        assert waypost("apply", "--demo", "--db-uri", environ["WAYPOST_DB_URI"]).code == 0
        assert server.status(f"{AUTOCONFIG}alice@example.com") == 200
        # A backup is taken while the server answers.
        samples = {domain.provider for domain in demo_catalog().domains}
        exported = waypost("export", "--db-uri", environ["WAYPOST_DB_URI"])
        assert (exported.code, exported.out.count("[[provider]]")) == (0, len(samples))
        assert server.status(f"{AUTOCONFIG}alice@example.com") == 200


def test_providers_file_and_several_workers(home: Path) -> None:
    """A providers file is served without a database, by several workers."""
    text = (
        '[[provider]]\nname = "Own"\ndomains = ["own.example"]\n'
        'services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]'
    )
    (home / "mail.toml").write_text(text, encoding="utf-8")
    with serving_by_exec(home, "--providers", "mail.toml", "--workers", "2") as server:
        assert server.status(f"{AUTOCONFIG}alice@own.example") == 200
        assert server.status(f"{AUTOCONFIG}alice@example.com") == 404
    assert not (home / ".local").exists()


def test_settings_file_is_logged(home: Path) -> None:
    """The log has the settings file, and its warnings."""
    conf = home / "automx2.conf"
    conf.write_text("[automx2]\nloglevel = INFO\ncolour = red\n", encoding="utf-8")
    with serving(home, "--demo", AUTOMX2_CONF=str(conf)) as server:
        found = events(server.log)
    assert {"file": str(conf)}.items() <= found[0].items()
    assert any("colour" in event.get("reason", "") for event in found)


def events(log: Path) -> list[dict[str, Any]]:
    """Read a log with JSON on every line."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_database_is_logged(home: Path) -> None:
    """The log has the database and the source of its URI, before any request."""
    uri = "sqlite:///var/mail.sqlite"
    with serving(home, WAYPOST_DB_URI=uri) as server:
        (found,) = [line for line in events(server.log) if line["event"] == "using database"]
    assert found["uri"] == f"sqlite:///{home}/var/mail.sqlite"
    assert found["source"] == "from WAYPOST_DB_URI"


def test_log_lines_on_a_terminal(home: Path) -> None:
    """In the log for people, the URLs to try come after the address of the listener."""
    with serving(home, "--demo", WAYPOST_LOG_FORMAT="console") as server:
        text = server.log.read_text()
        assert text.index("listening") < text.index("Try:") < text.index(f"  {server.place}/mail/")
    with serving(home, "--demo", WAYPOST_LOG_FORMAT="console", WAYPOST_LOGLEVEL="error") as server:
        assert server.log.read_text() == ""


def test_any_free_port_is_named(home: Path) -> None:
    """With port 0, the URLs have the port that the system chose."""
    settings = load_from_process({"port": 0, "demo": True}).settings
    assert home.is_dir()
    assert urls(settings, True, 4711)[-1] == "http://127.0.0.1:4711/"


TAKEN = [
    # flags, with PORT for one that another program listens on
    ("--port", "PORT"),
    ("--port", "PORT", "--workers", "2"),
    ("--port", "0", "--metrics-listen", "127.0.0.1:PORT"),
    ("--port", "0", "--admin-port", "PORT"),
]


@pytest.mark.parametrize("flags", TAKEN, ids=" ".join)
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_url_of_another_server(
    waypost: Waypost, flags: tuple[str, ...], log_format: str
) -> None:
    """If another program uses the port, no URL is printed."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        given = [flag.replace("PORT", port) for flag in flags]
        if "--admin-port" not in given:
            given += ["--admin-port", "0"]
        outcome = waypost("serve", "--demo", "--log-format", log_format, *given)
    assert outcome.code == 2
    assert "cannot listen: Address already in use" in outcome.err
    for said in ("Try", "listening", "/mobileconfig"):
        assert said not in outcome.err


BAD = [
    # flags, what is said
    (["--providers", "missing.toml"], "error: "),
    (["--providers", "missing.toml"], "missing.toml: cannot be read: No such file or directory"),
    (["--providers", "bad.toml"], "bad.toml: provider[0].name: is missing"),
    (["--providers", "bad.toml", "--demo"], "demo and providers exclude each other"),
    (["--workers", "0", "--demo"], "--workers: workers is"),
    (["--db-uri", "sqlite:////dev/null/x"], "the folder /dev/null cannot be created"),
    (["--host", "192.0.2.1", "--demo"], "host 192.0.2.1, port 4243: cannot listen"),
    (
        ["--port", "0", "--admin-port", "0", "--demo", "--metrics-listen", "192.0.2.1:9243"],
        "metrics_listen 192.0.2.1:9243: cannot listen",
    ),
    (["--demo", "--admin-host", "0.0.0.0"], "but must be a loopback address such as 127.0.0.1"),
    (["--demo", "--admin-host", "192.0.2.1"], "because the admin listener has no TLS"),
    (["--demo", "--admin-host", "localhost"], "but must be a loopback address"),
    (
        ["--demo", "--tls-names", "www"],
        "but must be a list with one or more of autoconfig, autodiscover, ua-auto",
    ),
    (["--demo", "--metrics-listen", "9243"], "but must be an address and a port such as"),
    (["--demo", "--metrics-listen", "[::1]:0"], "but must be an address and a port such as"),
    (["--demo", "--metrics-listen", "127.0.0.1:65536"], "but must be an address and a port"),
]


@pytest.mark.parametrize(("flags", "said"), BAD)
def test_invalid_configuration_stops_the_start(
    waypost: Waypost, home: Path, flags: list[str], said: str
) -> None:
    """A server that cannot start ends with exit code 2 and the reason, before it listens."""
    (home / "bad.toml").write_text("[[provider]]\n", encoding="utf-8")
    outcome = waypost("serve", *flags)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_providers_file_is_read_once(
    waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it listens, the command reads the providers file once, and logs its warnings."""
    (home / "mail.toml").write_text(
        '[[provider]]\nname = "Own"\ndomains = ["own.example"]\n', encoding="utf-8"
    )
    read: list[Path] = []

    def counting(path: Path) -> bytes:
        read.append(path)
        return read_watched_file(path)

    monkeypatch.setattr(providers_file, "read_watched_file", counting)
    outcome = waypost("serve", "--providers", "mail.toml", "--host", "192.0.2.1")
    assert "cannot listen" in outcome.err
    assert "no incoming and no outgoing mail service for own.example" in outcome.err
    assert [path.name for path in read] == ["mail.toml"]


PLACES = [
    # host, how the URLs begin
    ("127.0.0.1", "http://127.0.0.1:4243/"),
    ("0.0.0.0", "http://127.0.0.1:4243/"),
    ("::1", "http://[::1]:4243/"),
    ("::", "http://[::1]:4243/"),
    ("localhost", "http://localhost:4243/"),
]


@pytest.mark.parametrize(("host", "begin"), PLACES)
def test_urls_to_try(home: Path, host: str, begin: str) -> None:
    """The URLs to try have an address where this machine reaches the server."""
    assert home.is_dir()
    settings = load_from_process({"host": host, "demo": True}).settings
    tries = urls(settings, True)
    assert [url.startswith(begin) for url in tries] == [True] * 3
    assert f"{begin}mail/config-v1.1.xml?emailaddress=alice@example.com" in tries


def test_urls_without_samples(home: Path) -> None:
    """If the sample domain is not served, the URLs do not have it."""
    assert home.is_dir()
    settings = load_from_process({"demo": True}).settings
    assert "example.com" not in " ".join(urls(settings, False))
