"""Asking running servers, the slow and the hostile ones included."""

import time
from http.server import BaseHTTPRequestHandler

import pytest
from lxml import etree

from tests.check.scripted import Reply, fixed, scripted
from tests.servers.waypost import free_port
from waypost.check.asking import FORMATS, Server, ask, check_reachable
from waypost.check.comparison import Comparison
from waypost.errors import RequestError


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


def silent(_: BaseHTTPRequestHandler, __: bytes) -> None:
    time.sleep(1.5)


def broken(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"nonsense\r\n\r\n")


def lying(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"<clientConfig/>")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (endless, "longer than 1048576 octets"),
        (dripping, "takes too long"),
        (silent, "no answer"),
        (broken, "no answer: BadStatusLine"),
        (lying, "no answer: IncompleteRead"),
        (fixed(302), "status 302"),
        (fixed(200, b"<html>"), "not well-formed XML"),
    ],
)
def test_hostile_servers(reply: Reply, said: str) -> None:
    """A server that says too much, too little or nothing is a failure within the time."""
    with scripted(reply) as url:
        start = time.monotonic()
        answer = ask(Server.parse(url), "autoconfig", "a", "example.com", 0.5)

    assert answer.outcome == "failed"
    assert said in answer.detail
    assert time.monotonic() - start < 10


def test_requests() -> None:
    """Each format is asked for as its clients do, below the server's own path."""
    seen: list[tuple[str, str, bytes]] = []

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        seen.append((handler.command, handler.path, body))
        fixed(404)(handler, body)

    with scripted(reply) as url:
        for form in FORMATS:
            ask(Server.parse(f"{url}/sub/"), form, "a+b&c", "Bücher.example", 5)

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
    """What is no URL of a server is refused."""
    with pytest.raises(RequestError, match="is not a URL"):
        Server.parse(url)


def test_https() -> None:
    """Https has its own default port."""
    assert Server.parse("https://mail.example.com/x/") == Server(
        is_https=True, host="mail.example.com", port=443, path="/x"
    )


def test_nobody_listens() -> None:
    """A server that is not there is told before anything is compared."""
    server = Server(is_https=False, host="127.0.0.1", port=free_port(), path="")
    with pytest.raises(RequestError, match="start it first"):
        check_reachable(server, 1)


def test_many_domains_keep_their_order_and_the_bound() -> None:
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
        server = Server.parse(url)
        found = list(Comparison(server, server, "a", 5).all(names, 3))

    assert [one.domain for one in found] == names
    assert all(one.differences == () for one in found)
    assert 1 <= most <= 3
