"""Pipelined requests, clients that do not read, and more connections than the maximum."""

import socket
import time
from typing import Any

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.web.test_connection import GET, is_open, quick_app, serving, status
from waypost.web import lingering
from waypost.web.connection import HttpConnection


async def _long_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
        await send({"type": "http.response.body"})


async def _long_piece_app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        length = (b"content-length", b"60000000")
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": b"x" * 60_000_000})


UNREAD = [
    pytest.param(_long_app, b"\r\n", id="in parts"),
    pytest.param(_long_piece_app, b"\r\n", id="at once"),
    pytest.param(_long_piece_app, b"Connection: close\r\n\r\n", id="closing"),
    pytest.param(_long_piece_app, b"Connection: close\r\n\r\n" + GET, id="lingering"),
]


@pytest.mark.parametrize(("app", "rest"), UNREAD)
def test_answer_that_is_not_read(monkeypatch: pytest.MonkeyPatch, app: Any, rest: bytes) -> None:
    """A connection whose client does not read its answer ends after a time."""
    monkeypatch.setattr(lingering, "WRITE_TIMEOUT_SECONDS", 0.2)
    lost: list[float] = []

    class Watched(HttpConnection):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.append(time.monotonic())

    with serving(app, Watched) as port, socket.socket() as client:
        client.connect(("127.0.0.1", port))
        client.sendall(GET + rest)
        end = time.monotonic() + PATIENCE_SECONDS
        while not lost and time.monotonic() < end:
            time.sleep(0.02)
        assert lost


@pytest.mark.slow
def test_end_of_the_server_while_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not read its answer delays the end of a server only for a limited time."""
    monkeypatch.setattr(lingering, "WRITE_TIMEOUT_SECONDS", 600)
    with socket.socket() as client:
        with serving(_long_app, HttpConnection, graceful=2) as port:
            client.connect(("127.0.0.1", port))
            client.sendall(GET + b"\r\n")
            assert client.recv(9) == b"HTTP/1.1 "
            begun = time.monotonic()
        assert time.monotonic() - begun < PATIENCE_SECONDS


async def _echo_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        path = scope["raw_path"] + b" %d\n" % len(body)
        length = (b"content-length", b"%d" % len(path))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": path})


SIZES = [0, 1, 1000, 70_000, 0, 0, 300_000, 3, 0]


@pytest.mark.parametrize("size", [1_000_000, 1024, 333])
def test_pipelined_bodies(size: int) -> None:
    """Pipelined requests are answered in their order, each with its body, however they come."""
    heads = [
        b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (number, length)
        for number, length in enumerate(SIZES)
    ]
    sent = b"".join(head + b"x" * length for head, length in zip(heads, SIZES, strict=True))
    sent += b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with (
        serving(_echo_app, HttpConnection) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as client,
    ):
        for start in range(0, len(sent), size):
            client.sendall(sent[start : start + size])
        with client.makefile("rb") as answers:
            lines = answers.read().splitlines()

    found = [line.decode() for line in lines if line.startswith(b"/")]
    assert found == [*(f"/{at} {length}" for at, length in enumerate(SIZES)), "/last 0"]


@pytest.mark.parametrize("whole", [1, 2, 3])
def test_part_of_a_request_behind_others(whole: int) -> None:
    """A request that comes in two parts is answered, however many are answered between them."""
    with (
        serving(quick_app, HttpConnection) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as client,
        client.makefile("rb") as answers,
    ):
        client.sendall((GET + b"\r\n") * whole + GET)
        found = b"".join(answers.readline() for _ in range(4 * whole)).count(b"HTTP/1.1 204")
        client.sendall(b"Connection: close\r\n\r\n")
        assert found + answers.read().count(b"HTTP/1.1 204") == whole + 1


def test_new_connection_ends_an_idle_one() -> None:
    """Above the maximum of connections, the one that is idle longest ends, and others continue."""
    with serving(quick_app, HttpConnection, most=2) as port:
        place = ("127.0.0.1", port)
        with (
            socket.create_connection(place, 30) as first,
            socket.create_connection(place, 30) as second,
        ):
            for client in (first, second, first):
                client.sendall(GET + b"\r\n")
                assert client.recv(1000).startswith(b"HTTP/1.1 204")
            assert status(port, GET, b"\r\n") == "HTTP/1.1 204 No Content"
            assert not is_open(second)
            first.sendall(GET + b"\r\n")
            assert first.recv(1000).startswith(b"HTTP/1.1 204")
