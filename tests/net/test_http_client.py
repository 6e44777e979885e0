"""Fetching by URL: which redirects are followed, and how much is read."""

import gzip
import zlib
from http.client import HTTPException
from io import BytesIO

import pytest

from tests.net.scripted_transport import ScriptedTransport
from waypost.core.errors import FetchError
from waypost.net import http_exchange
from waypost.net.deadline import Deadline
from waypost.net.http_client import REDIRECTS_MAX, FetchLimits, fetch, read_url

PUBLIC = "8.8.8.8"
ADDRESSES = {
    "public.example": PUBLIC,
    "other.example": "1.1.1.1",
    "inside.example": "10.0.0.1",
    "localhost": "127.0.0.1",
    "169.254.169.254": "169.254.169.254",
    "2130706433": "127.0.0.1",
    "0.0.0.0": "0.0.0.0",
    "::1": "::1",
    "::ffff:127.0.0.1": "::ffff:127.0.0.1",
    "64:ff9b::7f00:1": "64:ff9b::7f00:1",
    "2002:7f00:1::": "2002:7f00:1::",
    "fd00::1": "fd00::1",
}


def ok(body: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), headers, body)


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\n\r\n".encode()


def fetched(transport: ScriptedTransport, url: str, limits: FetchLimits | None = None) -> bytes:
    return fetch(url, limits or FetchLimits(1024, seconds=5), transport, {}).body


PRIVATE = [
    *("inside.example", "localhost", "169.254.169.254", "2130706433", "0.0.0.0"),
    *("[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]"),
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", PRIVATE)
def test_a_redirect_to_a_private_address(host: str, status: int) -> None:
    """A redirect from a public server to a private address needs the operator's permission."""
    target = f"http://{host}/x"
    answers = {"http://public.example/": to(target, status), target: ok(b"secret")}
    transport = ScriptedTransport(ADDRESSES, answers)

    with pytest.raises(FetchError, match=r"private address .*; --allow-private follows it"):
        fetched(transport, "http://public.example/")
    assert transport.asked == ["http://public.example/"]
    allowed = FetchLimits(1024, seconds=5, allow_private=True)
    assert fetched(transport, "http://public.example/", allowed) == b"secret"


def test_a_private_url_that_was_typed() -> None:
    """The operator's own private URL is fetched, and so is the target of its redirects."""
    answers = {
        "http://localhost/": to("http://inside.example/x"),
        "http://inside.example/x": to("http://public.example/y"),
        "http://public.example/y": ok(b"document"),
    }
    transport = ScriptedTransport(ADDRESSES, answers)
    assert fetched(transport, "http://localhost/") == b"document"


def test_a_way_back() -> None:
    """A public server cannot redirect to the private address that was typed, even by a detour."""
    answers = {
        "http://localhost/": to("http://public.example/"),
        "http://public.example/": to("http://other.example/"),
        "http://other.example/": to("http://localhost/x"),
    }
    transport = ScriptedTransport(ADDRESSES, answers)
    with pytest.raises(FetchError, match="localhost has the private address"):
        fetched(transport, "http://localhost/")


def test_a_downgrade() -> None:
    """A redirect from https to http is followed only if the operator allows it."""
    answers = {
        "https://public.example/": to("http://other.example/"),
        "http://other.example/": ok(b"x"),
    }
    transport = ScriptedTransport(ADDRESSES, answers)
    with pytest.raises(FetchError, match=r"without encryption; --allow-downgrade follows it"):
        fetched(transport, "https://public.example/")
    allowed = FetchLimits(1024, seconds=5, allow_downgrade=True)
    assert fetched(transport, "https://public.example/", allowed) == b"x"


LOCATIONS = [
    # Location, its target or the message
    ("/a", "http://public.example/a"),
    ("//other.example/a", "http://other.example/a"),
    ("/b?c=d#e", "http://public.example/b?c=d"),
    ("/ä b", "http://public.example/%C3%A4%20b"),
    ("https://other.example", "https://other.example/"),
    ("file:///etc/passwd", "must be a whole URL"),
    ("gopher://127.0.0.1:70/x", "must be a whole URL"),
    ("http://u:hunter2@other.example/", "must not contain a user name"),
    ("http://[::1", "is not a URL"),
    ("http://other.example:99999/", "is not a URL"),
]


@pytest.mark.parametrize(("location", "expected"), LOCATIONS)
def test_locations(location: str, expected: str) -> None:
    """A Location of any form is followed only to http and https, and shows no password."""
    answers = {"http://public.example/": to(location), expected: ok(b"x")}
    transport = ScriptedTransport(ADDRESSES, answers)
    if "://" in expected:
        assert fetched(transport, "http://public.example/") == b"x"
        return
    with pytest.raises(FetchError, match=expected) as caught:
        fetched(transport, "http://public.example/")
    assert "hunter2" not in f"{caught.value}"


def test_many_redirects() -> None:
    """At most so many redirects are followed, and a loop ends."""
    answers = {"http://public.example/": to("/")}
    transport = ScriptedTransport(ADDRESSES, answers)
    with pytest.raises(FetchError, match=f"redirects more than {REDIRECTS_MAX} times"):
        fetched(transport, "http://public.example/")
    assert len(transport.asked) == REDIRECTS_MAX + 1


DOCUMENT = b"<a/>" * 100
BODIES = [
    # headers, body as sent, message
    (b"", DOCUMENT, ""),
    (b"", b"x" * 1025, "is larger than 1 KiB"),
    (b"Content-Encoding: gzip\r\n", gzip.compress(DOCUMENT, mtime=0), ""),
    (b"Content-Encoding: deflate\r\n", zlib.compress(DOCUMENT), ""),
    (b"Content-Encoding: gzip\r\n", gzip.compress(b"x" * 500_000, mtime=0), "is larger than 1 KiB"),
    (b"Content-Encoding: gzip\r\n", b"no", " is not valid"),
    (b"Content-Encoding: br\r\n", b"no", " was not requested"),
]


@pytest.mark.parametrize(("headers", "body", "said"), BODIES)
def test_bodies(headers: bytes, body: bytes, said: str) -> None:
    """A body is read up to its limit, before and after decompression."""
    transport = ScriptedTransport(ADDRESSES, {"http://public.example/": ok(body, headers)})
    if not said:
        assert fetched(transport, "http://public.example/") == DOCUMENT
        return
    with pytest.raises(FetchError, match=said):
        fetched(transport, "http://public.example/")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FILES = [
    # an answer, what is in the file; None for an error
    (ok(DOCUMENT), DOCUMENT),
    (CHUNKED + b"4\r\n<a/>\r\n0\r\n\r\n", b"<a/>"),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", b""),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a/>", None),
    (CHUNKED + b"4\r\n<a/>\r\n", None),
    (ok(b"x" * 1025), None),
]


@pytest.mark.parametrize(("answer", "content"), FILES)
def test_body_in_a_file(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, content: bytes | None
) -> None:
    """A good body is in the file, and not in memory; one that breaks off is an error."""
    monkeypatch.setattr(http_exchange, "FILE_MAX_BYTES", 1024)
    transport = ScriptedTransport(ADDRESSES, {"http://public.example/": answer})
    origin, target = read_url("http://public.example/")
    request, file = http_exchange.HttpRequest(origin.authority, target), BytesIO()
    with transport.connect(origin, Deadline(60.0), allow_private=False) as connection:
        if content is None:
            with pytest.raises((HTTPException, ValueError)):
                http_exchange.exchange(connection, request, 1024, file=file)
            return
        response = http_exchange.exchange(connection, request, 1024, file=file)
    assert file.getvalue() == content
    assert response.body == (b"" if response.status == 200 else b"no")


HEADS = [
    # an answer, message
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n", "is not HTTP"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 66_000 + b"\r\n\r\n", "a line that is too long"),
    (b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 6000 + b"\r\n") * 90, "head .* is too long"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "head .* is too long|is not HTTP"),  # Python 3.14
    ((b"HTTP/1.1 100 Continue\r\nX: " + b"y" * 8000 + b"\r\n\r\n") * 90, "head .* is too long"),
    (b"nonsense\r\n\r\n", "is not HTTP"),
    (b"", "closed without an answer"),
]


@pytest.mark.parametrize(("answer", "said"), HEADS)
def test_heads(answer: bytes, said: str) -> None:
    """A head that is too long, or missing, is an error with its own message."""
    transport = ScriptedTransport(ADDRESSES, {"http://public.example/": answer})
    with pytest.raises(FetchError, match=said):
        fetched(transport, "http://public.example/")


URLS = [
    ("http://a.example", ("http", "a.example", 80), "/"),
    ("https://A.example:8443/x?y#z", ("https", "a.example", 8443), "/x?y"),
    ("http://[::1]:81", ("http", "::1", 81), "/"),
    ("http://bücher.example/", ("http", "xn--bcher-kva.example", 80), "/"),
]


@pytest.mark.parametrize(("url", "origin", "target"), URLS)
def test_urls(url: str, origin: tuple[str, str, int], target: str) -> None:
    """A URL is split into its origin and the target of the request."""
    found, path = read_url(url)
    assert ((found.scheme, found.host, found.port), path) == (origin, target)
