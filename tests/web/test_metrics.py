"""The listener for Prometheus, and its limits."""

import re
import socket
import threading
from collections.abc import Iterator

import pytest

from waypost.core.errors import SettingsError
from waypost.web.connection import HEAD_MAX_BYTES
from waypost.web.metrics import MAX_CONNECTIONS, serving_metrics


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve one number."""
    with serving_metrics("127.0.0.1:0", lambda: b"number 1\n") as port:
        yield port


def talk(port: int, sent: bytes) -> bytes:
    """Send bytes, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(sent)
        with client.makefile("rb") as answer:
            return answer.read()


LINES = b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
ASKED = [
    # What is sent, how the answer begins, how it ends.
    pytest.param(b"GET /metrics" + LINES, b"200 OK", b"\r\n\r\nnumber 1\n", id="GET"),
    pytest.param(b"GET /metrics?a=b" + LINES, b"200 OK", b"\r\n\r\nnumber 1\n", id="query"),
    pytest.param(b"HEAD /metrics" + LINES, b"200 OK", b"\r\n\r\n", id="HEAD"),
    pytest.param(b"GET /" + LINES, b"404 Not Found", b"ask for /metrics\n", id="another path"),
    pytest.param(b"POST /metrics" + LINES, b"501 Not Implemented", b"GET here\n", id="POST"),
    pytest.param(
        b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"y" * HEAD_MAX_BYTES + b"\r\n\r\n",
        b"400 Bad Request",
        b".",
        id="a long head",
    ),
]


@pytest.mark.parametrize(("sent", "status", "end"), ASKED)
def test_answers(port: int, sent: bytes, status: bytes, end: bytes) -> None:
    """The metrics are at one path, and a bad request is refused."""
    answer = talk(port, sent)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.endswith(end)


def test_date(port: int) -> None:
    """An answer has a date (RFC 9110 s6.6.1)."""
    assert b"\r\ndate: " in talk(port, b"GET /metrics" + LINES)


def test_after_upgrade(port: int) -> None:
    """A request after one with `Upgrade` in the same packet is answered."""
    first = b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

    assert talk(port, first + b"GET /metrics" + LINES).count(b"number 1\n") == 2


def test_too_many_connections(port: int) -> None:
    """Above the maximum of connections, the oldest ones end and a new one is answered."""
    many = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(MAX_CONNECTIONS + 2)]
    try:
        assert talk(port, b"GET /metrics" + LINES).endswith(b"number 1\n")
        assert many[0].recv(1) == b""
    finally:
        for one in many:
            one.close()


def test_end() -> None:
    """The thread ends with the listener, with any open connections."""
    with (
        serving_metrics("127.0.0.1:0", lambda: b"") as port,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(9) == b"HTTP/1.1 "
        threads = [one for one in threading.enumerate() if one.name == "metrics"]

    for thread in threads[-1:]:
        thread.join(10)
        assert not thread.is_alive()


def test_taken_port(port: int) -> None:
    """An error for a port that is taken names its option."""
    place = f"127.0.0.1:{port}"
    with pytest.raises(SettingsError, match=f"metrics_listen {re.escape(place)}: "):  # noqa: SIM117
        with serving_metrics(place, lambda: b""):
            pass
