"""The memory of one connection, and the time limit of a request."""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn

from tests.servers.waypost import RunningWaypost, waypost
from waypost.web import connection
from waypost.web.connection import (
    HEAD_MAX_BYTES,
    HEAD_MAX_FIELDS,
    NON_BODY_MAX_BYTES,
    PIECE_MAX_BYTES,
    HttpConnection,
)
from waypost.web.connection_limit import ConnectionLimit

PROVIDERS = """
[[provider]]
name = "Example"
short_name = "Example"
domains = ["example.com"]
services = [{ type = "imap", host = "imap.example.com" }]
"""
GET = b"GET / HTTP/1.1\r\nHost: example.com\r\n"
POST = b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: example.com\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b"<Autodiscover><Request><EMailAddress>a@example.com</EMailAddress></Request></Autodiscover>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    """Run one `waypost serve`."""
    folder = tmp_path_factory.mktemp("waypost")
    providers = folder / "mail.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    with waypost(folder, providers) as running:
        yield running


def status(port: int, *parts: bytes) -> str:
    """Send bytes, and return the status line of the first answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        for part in parts:
            client.sendall(part)
        with client.makefile("rb") as answer:
            return answer.readline().decode().strip()


def flood(port: int, requests: bytes, seconds: float) -> bool:
    """Send requests without reading an answer; return whether the server closed the connection."""
    end = time.monotonic() + seconds
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.setblocking(False)
        while time.monotonic() < end:
            try:
                client.send(requests)
            except BlockingIOError:
                time.sleep(0.02)
            except ConnectionError:
                return True
    return False


WITHOUT_READING = [
    pytest.param(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", id="GET"),
    pytest.param(POST + b"Content-Length: 1\r\n\r\nx", id="POST"),
]


@pytest.mark.parametrize("request_", WITHOUT_READING)
def test_many_requests_before_their_answers(request_: bytes) -> None:
    """A client that sends requests without end uses a limited amount of memory."""
    waiting: list[int] = []

    class Watched(HttpConnection):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            waiting.append(len(self.pipeline))

    with serving(quick_app, Watched) as port:
        flood(port, request_ * 1000, 0.5)
    assert 0 < max(waiting) <= PIECE_MAX_BYTES / len(request_) + 1


@pytest.mark.parametrize("request_", WITHOUT_READING)
def test_burst_of_requests(server: RunningWaypost, request_: bytes) -> None:
    """Many requests at once are answered, and a client that closes early is not an error."""
    last = GET + b"Connection: close\r\n\r\n"

    flood(server.port, request_ * 200, 1)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(request_ * 500 + last)
        with client.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 ") == 501
    assert "Exception" not in server.log.read_text(encoding="utf-8")


ENDLESS = [
    # how it begins, what repeats without end
    pytest.param(GET, b"x-y: z\r\n" * 1000, id="headers"),
    pytest.param(GET + b"x: ", b"y" * 8000, id="one header"),
    pytest.param(GET, b"x" * 8000, id="the name of a header"),
    pytest.param(b"GET /", b"x" * 8000, id="the URL"),
    pytest.param(CHUNKED + b"0\r\n", b"x-y: z\r\n" * 1000, id="trailers"),
    pytest.param(CHUNKED + b"0\r\nx: ", b"y" * 8000, id="one trailer"),
    pytest.param(CHUNKED + b"1;", b"y" * 8000, id="the words of a chunk"),
]


@pytest.mark.parametrize(("begin", "more"), ENDLESS)
def test_what_never_ends_is_cut_off(server: RunningWaypost, begin: bytes, more: bytes) -> None:
    """If any part of a request has no end, its connection ends after some megabytes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(begin)
        # Data that is dropped after the answer counts as sent, and so do the kernel's buffers.
        with pytest.raises(ConnectionError):
            client.sendall(more * (64 * NON_BODY_MAX_BYTES // len(more)))


def test_a_head_has_a_limit(server: RunningWaypost) -> None:
    """A complete head that is longer than the limit is refused; a long one is answered."""
    line = b"x-y: " + b"z" * 995 + b"\r\n"
    few, many = (HEAD_MAX_BYTES // 1000 - 2), (HEAD_MAX_BYTES // 1000 + 2)

    assert status(server.port, GET, line * few, b"\r\n") == "HTTP/1.1 200 OK"
    assert status(server.port, GET, line * many, b"\r\n") == "HTTP/1.1 400 Bad Request"


def test_headers_have_a_limit(server: RunningWaypost) -> None:
    """A request may have two hundred headers, with Host, and no more."""
    line = b"x: y\r\n"

    assert status(server.port, GET, line * (HEAD_MAX_FIELDS - 1), b"\r\n") == "HTTP/1.1 200 OK"
    assert status(server.port, GET, line * HEAD_MAX_FIELDS, b"\r\n") == "HTTP/1.1 400 Bad Request"


def test_each_request_of_a_connection_has_its_own_limit(server: RunningWaypost) -> None:
    """A thousand requests may come through one connection, with any total length."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    client.connect()
    first = client.sock
    for _ in range(1000):
        client.request("GET", "/nothing", headers={"x": "y" * 2000})
        answer = client.getresponse()
        assert (answer.status, answer.read() != b"") == (404, True)
    assert client.sock is first
    client.close()


def test_a_body_in_many_chunks(server: RunningWaypost) -> None:
    """A body may come byte by byte, with trailers."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY + b" " * 20_000)

    assert status(server.port, CHUNKED, chunks, b"0\r\nx: y\r\n\r\n") == "HTTP/1.1 200 OK"


async def _app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await asyncio.sleep(0.4)  # longer than a head may take
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


async def quick_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer at once, without a body."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve with connections that wait for a fifth of a second."""
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_SECONDS", 0.2)
    with serving(_app, HttpConnection) as port:
        yield port


@contextmanager
def serving(
    app: Any, kind: type[HttpConnection], *, most: int = 100, graceful: int = 5
) -> Iterator[int]:
    """Serve an application with connections of a kind; yield the port."""
    http: Any = partial(kind, limit=ConnectionLimit(most))
    config = uvicorn.Config(
        app, port=0, http=http, loop="uvloop", lifespan="off", timeout_graceful_shutdown=graceful
    )
    running = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        running.should_exit = True
        thread.join()


def is_open(client: socket.socket) -> bool:
    """Read bytes; return whether the connection has not ended."""
    try:
        return client.recv(1000) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


SLOW = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"\r\n", id="an empty line"),
    pytest.param(b"GET", id="a method"),
    pytest.param(GET, id="headers"),
]


@pytest.mark.parametrize("begin", SLOW)
def test_connection_without_a_request_is_closed(hasty: int, begin: bytes) -> None:
    """A connection without a complete head is closed."""
    with socket.create_connection(("127.0.0.1", hasty), timeout=60) as client:
        client.sendall(begin)
        assert client.recv(1000) == b""


def test_an_answer_may_take_longer(hasty: int) -> None:
    """The limit is for the client: a slow application is waited for."""
    assert status(hasty, GET, b"\r\n") == "HTTP/1.1 204 No Content"


def test_endless_body_after_the_answer_is_closed(hasty: int) -> None:
    """After its answer, a request may not continue without end."""
    with socket.create_connection(("127.0.0.1", hasty), timeout=60) as client:
        client.sendall(CHUNKED)
        assert client.recv(1000).startswith(b"HTTP/1.1 204")
        client.settimeout(0.05)
        while is_open(client):
            client.sendall(b"1\r\nx\r\n")
