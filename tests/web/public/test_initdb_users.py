"""`/initdb/` of a running Waypost: for the operator's shell, and through no web server."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.servers import proxies
from tests.servers.patience import wait_for_log
from tests.servers.process import Process
from tests.servers.proxies import Writer
from tests.servers.requirements import program, require
from tests.servers.waypost import SOURCE, free_port

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("programs")]
SERVICE = "daemon"  # a user of Debian's that runs nothing
ORDINARY = "nobody"  # codespell:ignore nobody
SEED = ROOT / "tests/importers/seeds/version-2.json"
HOSTS = ("localhost", "127.0.0.1", "[::1]", "localhost:4243", "example.com", None)
METHODS = ("GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS")
# The interpreter of these tests may be in a folder that only root may enter.
_AS_USER = (
    *("setpriv", "--pdeathsig=TERM", "--reuid={user}", "--regid={user}", "--clear-groups"),
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"),
    *("--bounding-set=-all,+dac_read_search", "--"),
)
FILLED = "the database is now filled\n"
EMPTY = "the database is now empty\n"
UNCHANGED = "the database holds providers already; nothing was changed\n"


@dataclass(frozen=True, slots=True)
class Running:
    """A Waypost with a database.

    Attributes:
        place: its host and port, as in a URL.
        log: the file with its log.
    """

    place: str
    log: Path

    def curl(self, *flags: str, user: str | None = None) -> str:
        """Run the commands of automx2's manual in a shell of a user; return their output."""
        own = [] if user is None else ["setpriv", f"--reuid={user}", "--clear-groups", "--"]
        command = [*own, "curl", "--silent", "--show-error", *flags]
        command.append(f"http://{self.place}/initdb/")
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout

    def serves(self, domain: str) -> bool:
        """Return whether a domain is in the database."""
        url = f"http://{self.place}/v1.1/{domain}"
        command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", url]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout == "200"


@contextmanager
def serving(folder: Path, host: str, *flags: str, user: str | None = None) -> Iterator[Running]:
    """Run Waypost on a loopback address; as root, or as the service's user."""
    port = free_port()
    uri = f"sqlite:///{folder / 'waypost.sqlite'}"
    command = [sys.executable, "-m", "waypost", "serve", "--host", host, "--port", f"{port}"]
    command += ["--db-uri", uri, "--admin-port", "0", *flags]
    if user is not None:
        shutil.chown(folder, user, user)
        command = [*(part.format(user=user) for part in _AS_USER), *command]
    environment = {"HOME": f"{folder}", "PYTHONPATH": f"{SOURCE}", "PATH": os.environ["PATH"]}
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    log = folder.parent / f"{folder.name}.log"
    with Process(command, log=log, environment=environment, folder=folder) as process:
        process.wait_until(lambda: answers(family, host, port))
        place = host.removeprefix("::ffff:")
        yield Running(f"[{place}]:{port}" if ":" in place else f"{place}:{port}", log)


def answers(family: socket.AddressFamily, host: str, port: int) -> bool:
    """Return whether a server listens there."""
    with socket.socket(family) as probe:
        return probe.connect_ex((host, port)) == 0


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield a folder that all users may enter."""
    with tempfile.TemporaryDirectory(prefix="waypost-test-") as made:
        Path(made).chmod(0o755)
        (Path(made) / "waypost").mkdir()
        (Path(made) / "front").mkdir()
        yield Path(made)


@pytest.fixture(name="programs", scope="module")
def _programs() -> None:
    require(
        programs=["nginx", "apache2", "haproxy", "caddy", "socat", "curl", "setpriv"],
        files=[proxies.NGINX_PACKAGE, proxies.HAPROXY_PACKAGE],
        root=True,
    )


@pytest.fixture(name="folder")
def _folder() -> Iterator[Path]:
    """Yield a folder that all users may enter."""
    with open_folder() as folder:
        yield folder


class Shared:
    """The Wayposts of this module: one for each address and user, started when it is needed."""

    def __init__(self, stack: ExitStack) -> None:
        """Initialize without one; the stack ends them."""
        self._stack = stack
        self._running: dict[tuple[str, str | None], Running] = {}

    def filled(self, host: str, user: str | None = None) -> Running:
        """Return the Waypost at an address, with the samples of automx2 in its database."""
        if (host, user) not in self._running:
            folder = self._stack.enter_context(open_folder()) / "waypost"
            running = self._stack.enter_context(serving(folder, host, user=user))
            self._running[host, user] = running
        running = self._running[host, user]
        running.curl("-X", "DELETE", user=user)
        assert running.curl(user=user) == FILLED
        return running


@pytest.fixture(name="shared", scope="module")
def _shared() -> Iterator[Shared]:
    with ExitStack() as stack:
        yield Shared(stack)


def ask(port: int, method: str, host: str | None, version: str, body: bytes = b"") -> bytes:
    """Send a request to a web server on 127.0.0.1, and return the whole answer."""
    head = [f"{method} /initdb/ HTTP/{version}", "Connection: close"]
    head += [] if host is None else [f"Host: {host}"]
    head += [f"Content-Length: {len(body)}"] if body else []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall("\r\n".join([*head, "", ""]).encode() + body)
        with client.makefile("rb") as answer:
            return answer.read()


FRONTS: list[tuple[str, Writer]] = [
    *((f"nginx, {name}", proxies.nginx(text)) for name, text in proxies.NGINX_LOCATIONS.items()),
    ("HAProxy", proxies.haproxy),
    ("Apache", proxies.apache("")),
    ("Apache, silent", proxies.apache("ProxyAddHeaders Off")),
    ("Apache, Host kept", proxies.apache("ProxyAddHeaders Off\nProxyPreserveHost On")),
    ("Caddy", proxies.caddy),
    ("socat", proxies.relay(SERVICE)),
]
# Users that Waypost accepts without a web server.
OF_ROOT: list[tuple[str, Writer]] = [
    ("nginx of root", proxies.nginx(proxies.NGINX_LOCATIONS["Host $host"], "root")),
    ("HAProxy of root", proxies.haproxy_of_root),
    ("socat of root", proxies.relay(None)),
]


@pytest.mark.rule("proxies-not-the-operator")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("write", [pytest.param(front, id=name) for name, front in FRONTS])
def test_disabled_behind_a_web_server(
    shared: Shared, folder: Path, host: str, write: Writer
) -> None:
    """Behind a web server `/initdb/` does not exist, whatever headers the web server sends."""
    waypost = shared.filled(host)
    with proxies.running(write, folder / "front", waypost.place) as port:
        for method, name, version in product(METHODS, HOSTS, ("1.0", "1.1")):
            body = SEED.read_bytes() if method == "POST" else b""
            answer = ask(port, method, name, version, body)
            refused = b"not found\n" if method != "HEAD" else b"\r\n\r\n"
            # Without Host, HTTP/1.1 is a bad request to some.
            bad = name is None and answer.split(b" ")[1] == b"400"
            assert bad or answer.split(b" ")[1] == b"404", (method, name, answer)
            assert bad or answer.endswith(refused), (method, name, answer)
    assert waypost.serves("example.com")
    assert waypost.curl("-X", "DELETE") == EMPTY


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("write", [pytest.param(front, id=name) for name, front in OF_ROOT])
def test_disabled_behind_a_web_server_of_root(
    shared: Shared, folder: Path, host: str, write: Writer
) -> None:
    """A web server that runs as root is not the operator; its process is checked each time."""
    waypost = shared.filled(host)
    with proxies.running(write, folder / "front", waypost.place) as port:
        for method in METHODS:
            body = SEED.read_bytes() if method == "POST" else b""
            answer = ask(port, method, "127.0.0.1", "1.0", body)
            assert answer.split(b" ")[1] == b"404", (method, answer)
    assert waypost.serves("example.com")


OF_ONE_USER = [
    # a web server and Waypost as the same user
    pytest.param(proxies.nginx(proxies.NGINX_LOCATIONS["Host $host"]), "www-data", id="nginx"),
    pytest.param(proxies.apache("ProxyAddHeaders Off"), "www-data", id="Apache"),
    pytest.param(proxies.haproxy, "haproxy", id="HAProxy"),
    pytest.param(proxies.caddy, "caddy", id="Caddy"),
    pytest.param(proxies.relay(SERVICE), SERVICE, id="socat"),
]


@pytest.mark.parametrize(("write", "user"), OF_ONE_USER)
def test_web_server_of_the_same_user(
    shared: Shared, folder: Path, write: Writer, user: str
) -> None:
    """A web server that runs as Waypost's own user is not the operator either."""
    waypost = shared.filled("127.0.0.1", user)
    with proxies.running(write, folder / "front", waypost.place) as port:
        answer = ask(port, "DELETE", "127.0.0.1", "1.0")
        assert answer.split(b" ")[1] == b"404", answer
    assert waypost.serves("example.com")


@pytest.mark.parametrize("user", [None, SERVICE], ids=["root", "service"])
def test_relay_from_a_unix_socket(shared: Shared, folder: Path, user: str | None) -> None:
    """A program that serves others by a Unix socket is not the operator, whatever its user."""
    path = folder / "front" / "socket"
    waypost = shared.filled("127.0.0.1", user)
    if user is not None:
        shutil.chown(path.parent, user, user)
    own = f"UNIX-LISTEN:{path},fork,mode=666"
    command = [program("socat"), own, f"TCP:{waypost.place}"]
    with Process(command, log=folder / "output", user=user) as front:
        front.wait_until(path.exists)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"DELETE /initdb/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = client.makefile("rb").read()
    assert answer.split(b" ")[1] == b"404", answer
    assert waypost.serves("example.com")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("user", [None, SERVICE], ids=["root", "service"])
def test_shells(folder: Path, host: str, user: str | None) -> None:
    """The commands of automx2's manual work for root and the service's user, and for no others."""
    with serving(folder / "waypost", host, user=user) as waypost:
        for one in (None, user):
            assert waypost.curl(user=one) == FILLED
            assert waypost.curl(user=one) == UNCHANGED
            assert waypost.curl("-X", "DELETE", user=ORDINARY) == "not found\n"
            assert waypost.serves("example.com")
            assert waypost.curl("-X", "DELETE", user=one) == EMPTY
            assert waypost.curl("--json", f"@{SEED}", user=ORDINARY) == "not found\n"
            assert waypost.curl("--json", f"@{SEED}", user=one) == FILLED
            assert waypost.curl("-X", "DELETE", user=one) == EMPTY
        wait_for_log(waypost.log, "the client runs as user 65534")


@pytest.mark.parametrize("half", [True, False], ids=["half closed", "closed"])
@pytest.mark.parametrize("user", [None, SERVICE], ids=["root", "service"])
def test_client_that_does_not_wait(shared: Shared, user: str | None, *, half: bool) -> None:
    """A connection that its process has closed is root's to the kernel, but not to Waypost."""
    waypost = shared.filled("127.0.0.1", user)
    host, port = waypost.place.split(":")
    script = (
        "import socket, sys\n"
        "for _ in range(20):\n"
        f" with socket.create_connection(({host!r}, {port})) as client:\n"
        "  client.sendall(b'DELETE /initdb/ HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')\n"
        f"  client.shutdown(socket.SHUT_WR) if {half} else None\n"
    )
    command = ["setpriv", f"--reuid={ORDINARY}", "--clear-groups", "--", "/usr/bin/python3"]
    subprocess.run([*command, "-c", script], check=True, timeout=60)
    assert waypost.serves("example.com")


@pytest.mark.parametrize("flags", [["--proxy-count", "1"], ["--trusted-proxies", "10.0.0.0/8"]])
def test_not_behind_a_configured_proxy(folder: Path, flags: list[str]) -> None:
    """If the settings name a proxy, `/initdb/` exists for no client; the log proposes a fix."""
    with serving(folder / "waypost", "127.0.0.1", *flags) as waypost:
        for _ in range(3):
            assert waypost.curl() == "not found\n"
        text = wait_for_log(waypost.log, "/initdb/ refused a request")
        assert text.count("/initdb/ refused a request") == 1
        assert "waypost apply" in text


def test_workers(folder: Path) -> None:
    """Each of several workers recognizes the operator."""
    with serving(folder / "waypost", "127.0.0.1", "--workers", "2") as waypost:
        assert waypost.curl() == FILLED
        assert {waypost.curl() for _ in range(8)} == {UNCHANGED}
        assert waypost.curl("-X", "DELETE", user=ORDINARY) == "not found\n"
