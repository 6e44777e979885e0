"""A client that offers another protocol is answered in HTTP/1.1, and its body is read."""

import socket
from collections.abc import Iterator

import pytest

from tests.servers.waypost import RunningWaypost, waypost
from tests.web.test_connection import BODY, POST
from tests.web.test_lingering import chunked

PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
# What curl 7.88.1 sends with --http2 over plain http; the HTTP client of Java sends much the same.
H2C = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
)
WEBSOCKET = b"Connection: keep-alive, Upgrade\r\nupgrade: websocket\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
LAST = b"GET /last HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"
GET = b"GET /v1.1/example.com HTTP/1.1\r\nHost: example.com\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    """Run one `waypost serve`."""
    folder = tmp_path_factory.mktemp("waypost")
    providers = folder / "mail.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    with waypost(folder, providers) as running:
        yield running


def statuses(port: int, data: bytes, size: int) -> list[bytes]:
    """Send data in parts of a size, and return the status of each answer until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            client.sendall(data[start : start + size])
        with client.makefile("rb") as answers:
            parts = answers.read().split(b"HTTP/1.1 ")
    return [part[:3] for part in parts[1:]]


HEADS = [
    pytest.param(H2C, id="h2c"),
    pytest.param(WEBSOCKET, id="websocket"),
    pytest.param(b"Upgrade: h2c\r\n", id="without Connection"),
]
BODIES = [
    pytest.param(LENGTH + BODY, id="length"),
    pytest.param(b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY, 50), id="chunks"),
]


@pytest.mark.parametrize("size", [100_000, 7])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("head", HEADS)
def test_body_with_upgrade(server: RunningWaypost, head: bytes, body: bytes, size: int) -> None:
    """The body of a request with `Upgrade` is its body, and the next request follows it."""
    data = POST + head + body + GET + head + b"\r\n" + LAST

    assert statuses(server.port, data, size) == [b"200", b"200", b"404"]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(POST + head + body + LAST)
        with client.makefile("rb") as answers:
            assert b"<LoginName>a@example.com</LoginName>" in answers.read()


CLOSING = [
    pytest.param(b"GET / HTTP/1.1\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\n", id="close"),
    pytest.param(b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n", id="last"),
    pytest.param(b"GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", id="HTTP/1.0"),
]


@pytest.mark.parametrize("size", [100_000, 7])
@pytest.mark.parametrize("head", CLOSING)
def test_last_request_with_upgrade(server: RunningWaypost, head: bytes, size: int) -> None:
    """A request with `Upgrade` that ends the connection gets its answer, as one before it does."""
    data = GET + H2C + b"\r\n" + head + b"Host: example.com\r\n\r\n"

    assert statuses(server.port, data, size) == [b"200", b"200"]


@pytest.mark.parametrize("head", HEADS)
def test_body_that_is_a_request(server: RunningWaypost, head: bytes) -> None:
    """A body that has the form of a request is not answered as one."""
    inner = GET + b"\r\n"
    data = b"POST / HTTP/1.1\r\nHost: example.com\r\n" + head
    data += b"Content-Length: %d\r\n\r\n" % len(inner) + inner + LAST

    assert statuses(server.port, data, len(data)) == [b"405", b"404"]


def test_body_that_is_too_long(server: RunningWaypost) -> None:
    """The limits of a body are the same with `Upgrade`: one answer, and the connection ends."""
    data = POST + H2C + b"Content-Length: 5000000\r\n\r\n" + b"x" * 200_000

    assert statuses(server.port, data, len(data)) == [b"413"]


def test_connect_is_refused(server: RunningWaypost) -> None:
    """CONNECT, which has no body, is refused."""
    data = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n" + H2C + b"\r\n" + b"x" * 9

    assert statuses(server.port, data, len(data)) == [b"400"]
