"""Requests to running servers, including slow and hostile ones."""

import re
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import pytest
from lxml import etree

from tests.diagnostics.scripted import Reply, fixed, scripted
from tests.servers.patience import ROOM_SECONDS
from tests.servers.waypost import free_port
from waypost.core.errors import RequestError
from waypost.diagnostics.comparison.compare import Comparison
from waypost.diagnostics.comparison.server import (
    FORMATS,
    CheckedServer,
    check_reachable,
    fetch_answer,
)


def endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def dripping(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _number in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def dripping_head(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _number in range(1000):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def dripping_chunk(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    for _number in range(1000):
        handler.wfile.write(b"a")
        time.sleep(0.05)


def going_on(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    # Python 3.14 refuses the 101st of them; the limit for the bytes comes before.
    interim = b"HTTP/1.1 100 Continue\r\nX: " + b"y" * 8000 + b"\r\n\r\n"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        handler.wfile.write(interim * 100)


def silent(_: BaseHTTPRequestHandler, __: bytes) -> None:
    time.sleep(1.5)


def broken(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"nonsense\r\n\r\n")


def lying(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"<clientConfig/>")


SLOW = {dripping, dripping_head, dripping_chunk, silent}


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (endless, "longer than 1048576 bytes"),
        (dripping, "takes too long"),
        (dripping_head, "takes too long"),
        (dripping_chunk, "takes too long"),
        (going_on, "the head of the answer is too long"),
        (silent, "no answer"),
        (broken, "no answer: the answer is not HTTP"),
        (lying, "no answer: the answer ended too early"),
        (fixed(302), "status 302"),
        (fixed(200, b"<html>"), "not well-formed XML"),
    ],
)
def test_hostile_servers(reply: Reply, message: str) -> None:
    """A server that sends too much, too little or nothing is a failure within the time limit."""
    seconds = 0.2 if reply in SLOW else 5
    with scripted(reply) as url:
        start = time.monotonic()
        answer = fetch_answer(CheckedServer.parse(url), "autoconfig", "a", "example.com", seconds)

    assert answer.outcome == "failed"
    assert message in answer.detail
    assert time.monotonic() - start < ROOM_SECONDS


def test_requests() -> None:
    """Each format is requested as its clients do, below the server's own path."""
    seen: list[tuple[str, str, bytes]] = []

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        seen.append((handler.command, handler.path, body))
        fixed(404)(handler, body)

    with scripted(reply) as url:
        for form in FORMATS:
            fetch_answer(CheckedServer.parse(f"{url}/sub/"), form, "a+b&c", "Bücher.example", 5)

    query = "?emailaddress=a%2Bb%26c@B%C3%BCcher.example"
    assert [one[:2] for one in seen] == [
        ("GET", f"/sub/mail/config-v1.1.xml{query}"),
        ("POST", "/sub/autodiscover/autodiscover.xml"),
        ("GET", f"/sub/mobileconfig/{query}"),
    ]
    assert etree.fromstring(seen[1][2]).findtext(".//{*}EMailAddress") == "a+b&c@Bücher.example"


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:4243", "ftp://x", "http://", "http://x:port", "http://x:99999"),
        *("http://[x", "http://x/?q", "http://user:s3cret@x"),
    ],
)
def test_bad_urls(url: str) -> None:
    """A text that is no URL of a server is refused."""
    with pytest.raises(RequestError, match="is not a URL"):
        CheckedServer.parse(url)


def test_https() -> None:
    """Https has its own default port."""
    assert CheckedServer.parse("https://mail.example.com/x/") == CheckedServer(
        is_https=True, host="mail.example.com", port=443, path="/x"
    )


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://mail.example.com", "mail.example.com"),
        ("https://mail.example.com:443/x", "mail.example.com"),
        ("http://mail.example.com:443", "mail.example.com:443"),
        ("http://[2001:db8::1]", "[2001:db8::1]"),
        ("https://[2001:db8::1]:4243", "[2001:db8::1]:4243"),
    ],
)
def test_own_host(url: str, authority: str) -> None:
    """Host is the server's own name, with its port if it is not the default."""
    assert CheckedServer.parse(url).authority == authority


def test_slow_handshake() -> None:
    """A server that never ends its handshake is a failure within the time limit."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def drip() -> None:
            with suppress(OSError), listener.accept()[0] as connected:
                # The head of a record of 16 KiB (RFC 8446 s5.1), and it comes bit by bit.
                connected.sendall(b"\x16\x03\x03\x40\x00")
                for _ in range(1000):
                    connected.sendall(b"\x02")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        start = time.monotonic()
        url = f"https://127.0.0.1:{port}"
        answer = fetch_answer(CheckedServer.parse(url), "autoconfig", "a", "example.com", 0.5)
        thread.join()
    # Whichever notices first: ssl has its own clock for the handshake.
    assert re.search("takes too long", answer.detail)
    assert time.monotonic() - start < ROOM_SECONDS


def test_no_server_listens() -> None:
    """A server that does not listen is reported before anything is compared."""
    server = CheckedServer(is_https=False, host="127.0.0.1", port=free_port(), path="")
    with pytest.raises(RequestError, match="start the server first"):
        check_reachable(server, 1)


def test_many_domains_are_compared_in_order() -> None:
    """Many domains are asked a few at a time, and reported in their order."""
    busy, most = 0, 0

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        time.sleep(0.002)
        busy -= 1
        fixed(404)(handler, body)

    names = [f"d{number}.example" for number in range(50)]
    with scripted(reply) as url:
        server = CheckedServer.parse(url)
        found = list(Comparison(server, server, "a", 5).compare_all(names, 3))

    assert [one.domain for one in found] == names
    assert all(one.differences == () for one in found)
    assert 1 <= most <= 3
