"""A new version is deployed on a socket that outlives the process: no request fails."""

import http.client
import math
import os
import re
import select
import shutil
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.service_manager import ServiceManager, tcp_socket
from tests.servers.waypost import SOURCE
from waypost.web.draining import DRAIN_SECONDS

RESTARTS: Final = 10
EACH_VERSION: Final = 200
# The server and its clients share the processor; without a pause, a start takes much longer.
PAUSE_SECONDS: Final = 0.002
IDLE_SECONDS: Final = 0.8  # longer than DRAIN_SECONDS
URL: Final = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
POX: Final = (
    b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    b'requestschema/2006"><Request><EMailAddress>alice@example.com</EMailAddress>'
    b"<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    b"responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)
OPTIONS: Final = ("--demo", "--admin-port", "0", "--log-format", "json")


class Code:
    """A copy of the source, which is changed for each version."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.folder = folder
        self._changed = folder / "waypost" / "web" / "listener_options.py"
        self._text = self._changed.read_text(encoding="utf-8")

    def change(self, version: int) -> None:
        """Make each answer of this version name it."""
        header = f'server_header=False,\n        headers=[("X-Code", "{version}")],'
        text = self._text.replace("server_header=False,", header)
        assert text != self._text
        self._changed.write_text(text, encoding="utf-8")
        os.utime(self._changed, (version, version))  # Python compares times and sizes

    def environment(self) -> dict[str, str]:
        """Return the environment of a service with this code."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("WAYPOST_")}
        return kept | {"PYTHONPATH": f"{self.folder}"}


class Clients:
    """Threads that send requests until the end, and what they got.

    Attributes:
        answers: how many answers came from each version of the code.
        failures: each request without the right answer.
        retries: requests on a connection that was idle for `DRAIN_SECONDS` when the server ended,
            and was closed without an answer; they were sent again (RFC 9112 s9.3.1, RFC 9110
            s9.2.2).
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._end = threading.Event()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.failures: list[str] = []
        self.retries = 0
        self._lock = threading.Lock()
        self._answered = WeakKeyDictionary[http.client.HTTPConnection, float]()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send from several threads."""
        kinds = [self.new_connections] * 3 + [self.kept_connection, self.posts, self.idle]
        threads = [threading.Thread(target=kind, daemon=True) for kind in kinds]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._end.set()
            for thread in threads:
                thread.join(PATIENCE_SECONDS)

    def wait_for(self, version: int) -> None:
        """Wait until enough answers came from a version, by each kind of client."""
        end = time.monotonic() + PATIENCE_SECONDS
        names = ("new", "kept", "post", "idle")
        while sum(self.answers[name, version] for name in names) < EACH_VERSION or not all(
            self.answers[name, version] for name in names
        ):
            assert time.monotonic() < end, (version, self.answers, self.failures)
            time.sleep(0.02)

    def new_connections(self) -> None:
        """Send each request on a new connection, as nginx does by default."""
        while not self._end.wait(PAUSE_SECONDS):
            with closing(self._connect()) as connection:
                self._send("new", connection, "GET")

    def kept_connection(self) -> None:
        """Keep the connection until the server closes it, and never send a request again."""
        with closing(self._connect()) as connection:
            while not self._end.wait(PAUSE_SECONDS):
                self._send("kept", connection, "GET")

    def posts(self) -> None:
        """Do the same with POST, which no client and no web server may send again by itself."""
        with closing(self._connect()) as connection:
            while not self._end.wait(PAUSE_SECONDS):
                self._send("post", connection, "POST")

    def idle(self) -> None:
        """Keep a connection that is idle longer than the server waits when it ends."""
        with closing(self._connect()) as connection:
            while not self._end.wait(IDLE_SECONDS):
                self._send("idle", connection, "GET", may_retry=True)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)

    def _send(
        self,
        name: str,
        connection: http.client.HTTPConnection,
        method: str,
        *,
        may_retry: bool = False,
    ) -> None:
        if connection.sock is not None and _is_closed(connection.sock):
            connection.close()  # The next request opens it again.
        is_reused = connection.sock is not None
        body = POX if method == "POST" else None
        path = "/autodiscover/autodiscover.xml" if body else URL
        headers = {"Content-Type": "text/xml"} if body else {}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            idle = time.monotonic() - self._answered.get(connection, math.inf)
            # A busy machine can stop a thread for so long, and the server has promised less.
            may_retry = may_retry or idle > DRAIN_SECONDS
            if may_retry and is_reused and isinstance(error, ConnectionError):
                with self._lock:
                    self.retries += 1
                self._send(name, connection, method)
                return
            with self._lock:
                kind = f"on a connection idle for {idle:.2f} s" if is_reused else "on a new one"
                self.failures.append(f"{name} {kind}: {error!r}")
            return
        self._answered[connection] = time.monotonic()
        with self._lock:
            if answer.status != 200 or b"imap.example.com" not in text:
                self.failures.append(f"{name}: {answer.status} {text[:200]!r}")
            self.answers[name, int(answer.headers["X-Code"])] += 1


def _is_closed(connection: socket.socket) -> bool:
    """Return whether the server has closed an idle connection, as HTTP clients and nginx look.

    On a busy machine these threads may be stopped for longer than DRAIN_SECONDS.
    """
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_fails(tmp_path: Path, workers: str) -> None:
    """Clients send requests all the time while each of ten restarts runs other code."""
    code = Code(tmp_path / "src")
    listener = tcp_socket()
    clients = Clients(listener.getsockname()[1])
    command = [sys.executable, "-m", "waypost", "serve", *OPTIONS, "--workers", workers]
    with ServiceManager(tmp_path, [("waypost.socket", listener)]) as manager:
        code.change(0)
        manager.start(command, code.environment())
        with clients.sending():
            clients.wait_for(0)
            for version in range(1, RESTARTS + 1):
                code.change(version)
                assert manager.stop() in {0, -15}
                manager.start(command, code.environment())
                clients.wait_for(version)
    sent = sum(clients.answers.values()) + len(clients.failures)
    counts = f"{sent} requests, {len(clients.failures)} failed, {clients.retries} sent again"
    sys.stdout.write(f"{counts}\n")
    assert not clients.failures, clients.failures[:10]
    assert sent >= EACH_VERSION * (RESTARTS + 1)
    assert not re.search("Traceback|killing|exceeded", manager.log.read_text(encoding="utf-8"))


def test_answer_during_the_drain_closes(tmp_path: Path) -> None:
    """A request that arrives after the signal to stop is answered, and the answer says `close`."""
    listener = tcp_socket()
    command = [sys.executable, "-m", "waypost", "serve", *OPTIONS]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WAYPOST_")}
    request = f"GET {URL} HTTP/1.1\r\nHost: example.com\r\n\r\n".encode()
    with ServiceManager(tmp_path, [("waypost.socket", listener)]) as manager:
        manager.start(command, environment | {"PYTHONPATH": f"{SOURCE}"})
        with socket.create_connection(listener.getsockname(), PATIENCE_SECONDS) as first:
            first.sendall(request * 2)
            time.sleep(0.2)
            before = _received(first, 2)
            manager.send(15)
            manager.wait_for("STOPPING")
            first.sendall(request)
            after = _until_closed(first)
    assert before.count(b"HTTP/1.1 200") == 2
    assert b"connection: close" not in before.lower()
    assert after.count(b"HTTP/1.1 200") == 1
    assert b"connection: close" in after.lower()
    assert b"</clientConfig>" in after


def _received(connection: socket.socket, count: int) -> bytes:
    data = b""
    while data.count(b"</clientConfig>") < count:
        data += connection.recv(65536)
    return data


def _until_closed(connection: socket.socket) -> bytes:
    data = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            data += piece
    return data
