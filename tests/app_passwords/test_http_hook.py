"""App passwords by an HTTP call."""

import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.servers.authority import Authority
from waypost.app_passwords.http_hook import HttpHook
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest

KEY = "h" * 32
REQUEST = AppPasswordRequest("a" * 32, "alice@example.com", "phone", "Alice")


class System(HTTPServer):
    """The operator's system: it checks each signature, and keeps the valid passwords.

    Attributes:
        answers: the next statuses and bodies, instead of its usual answer.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.valid: dict[str, str] = {}
        self.answers: list[tuple[int, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/app-passwords"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        system = self.server
        assert isinstance(system, System)
        body = self.rfile.read(int(self.headers["content-length"]))
        signed = f"{self.headers['waypost-timestamp']}.".encode() + body
        expected = "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
        if system.answers:
            status, answer = system.answers.pop()
        elif not hmac.compare_digest(expected, self.headers["waypost-signature"]):
            status, answer = 403, b"{}"
        else:
            status, answer = 200, self._usual(system, json.loads(body))
        self.send_response(status)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _usual(self, system: System, message: dict[str, str]) -> bytes:
        if message["action"] == "revoke":
            system.valid.pop(message["id"], None)
            return b"{}"
        system.valid[message["id"]] = f"pw {len(system.valid)}"
        return json.dumps({"password": system.valid[message["id"]]}).encode()

    def log_message(self, *_args: object) -> None:
        """Write nothing."""


@contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[System]:
    with System() as system:
        if context is not None:
            system.socket = context.wrap_socket(system.socket, server_side=True)
        thread = threading.Thread(target=system.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield system
        finally:
            system.shutdown()
            thread.join()


def test_create_and_revoke() -> None:
    """A signed request gets a password, and revoke removes it."""
    with running() as system:
        hook = HttpHook(system.url, KEY, 60)
        assert hook.create(REQUEST) == "pw 0"
        assert system.valid == {REQUEST.id: "pw 0"}
        hook.revoke(REQUEST)
        assert system.valid == {}
        assert KEY not in repr(hook)


FAILURES = [
    # status, body, the error
    (500, b"s3cret", "app_password_hook: the answer has status 500"),
    (302, b"", "app_password_hook: the answer has status 302"),
    (201, b'{"password": "s3cret"}', "app_password_hook: the answer has status 201"),
    (200, b"s3cret", "the answer is not JSON in UTF-8"),
    (200, b"{}" * 20_000, "the answer is longer than 16384 bytes"),
    (200, b'{"error": "no mailbox"}', "the system refuses: no mailbox"),
]


@pytest.mark.parametrize(("status", "body", "problem"), FAILURES)
def test_failures(status: int, body: bytes, problem: str) -> None:
    """An answer that is no password is an error, and nothing secret of it is shown."""
    with running() as system:
        system.answers = [(status, body)]
        with pytest.raises(AppPasswordError) as caught:
            HttpHook(system.url, KEY, 60).create(REQUEST)
        assert str(caught.value) == problem


def test_another_key() -> None:
    """A system refuses a signature of another key."""
    with running() as system, pytest.raises(AppPasswordError, match="has status 403"):
        HttpHook(system.url, "x" * 32, 60).create(REQUEST)


def test_no_system() -> None:
    """A system that is away or silent is an error within the time limit."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(AppPasswordError, match="connection refused"):
            HttpHook(url, KEY, 60).create(REQUEST)
        unused.listen()
        with pytest.raises(AppPasswordError, match="the answer takes too long"):
            HttpHook(url, KEY, 0.2).create(REQUEST)


def test_certificate(tmp_path: Path) -> None:
    """The certificate is verified before anything is sent."""
    authority = Authority.create(tmp_path)
    pair = authority.issue("server", ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    trusting = ssl.create_default_context(cafile=f"{authority.certificate}")
    with running(context) as system:
        url = f"https://localhost:{system.server_port}/"
        hook = HttpHook(url, KEY, 60, trusting)
        assert hook.create(REQUEST) == "pw 0"
        with pytest.raises(AppPasswordError, match="certificate: "):
            HttpHook(url, KEY, 60).create(REQUEST)
        with pytest.raises(AppPasswordError, match="certificate: "):
            replace(hook, url=url.replace("localhost", "127.0.0.1")).create(REQUEST)
        assert system.valid == {REQUEST.id: "pw 0"}
