"""Fetching through the proxies that the environment names."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.diagnostics.scripted import fixed, scripted
from tests.servers.authority import Authority
from waypost.core.errors import FetchError
from waypost.net.http_client import FetchLimits, fetch
from waypost.net.system_transport import SystemTransport

LIMITS = FetchLimits(1024, seconds=5)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def proxy(answer: bytes, leads_to: int | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Run a proxy for one connection after the other; yield its URL, and what it received.

    With a port, the proxy connects there after its answer.
    """
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    with listener.accept()[0] as client:
                        heads.append(client.recv(65536))
                        client.sendall(answer)
                        if leads_to is not None:
                            _join(client, leads_to)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", heads
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _join(client: socket.socket, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server:

        def back() -> None:
            with suppress(OSError):
                while piece := server.recv(65536):
                    client.sendall(piece)

        thread = threading.Thread(target=back)
        thread.start()
        while piece := client.recv(65536):
            server.sendall(piece)
        server.shutdown(socket.SHUT_WR)
        thread.join(10)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without a proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def fetched(url: str, limits: FetchLimits = LIMITS) -> bytes:
    return fetch(url, limits, SystemTransport(), {}).body


@pytest.mark.parametrize("form", ["http://{}", "{}", "http://{}/"])
@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_http(variable: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy gets the whole URL (RFC 9112 s3.2.2), and the host is not resolved here."""
    with proxy(OK) as (place, heads):
        monkeypatch.setenv(variable, form.format(place))
        assert fetched("http://unknown.invalid:8080/a?b") == b"ok"
    (head,) = heads
    assert head.startswith(b"GET http://unknown.invalid:8080/a?b HTTP/1.1\r\n")
    assert b"Host: unknown.invalid:8080\r\n" in head


def test_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name and password of the proxy are sent to it (RFC 9110 s11.7.2)."""
    with proxy(OK) as (place, heads):
        monkeypatch.setenv("http_proxy", f"http://u:p%40@{place}")
        fetched("http://a.invalid/")
    assert b"Proxy-Authorization: Basic dTpwQA==\r\n" in heads[0]


def test_https(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TLS goes through a tunnel to the host, whose certificate is checked."""
    authority = Authority.create(tmp_path)
    pair = authority.issue("server", ["a.invalid"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    monkeypatch.setenv("SSL_CERT_FILE", f"{authority.certificate}")
    with scripted(fixed(200, b"ok"), context) as url:
        port = int(url.rpartition(":")[2])
        with proxy(b"HTTP/1.1 200 Connected\r\n\r\n", port) as (place, heads):
            monkeypatch.setenv("https_proxy", f"http://u:p@{place}")
            assert fetched("https://a.invalid/") == b"ok"
            with pytest.raises(FetchError, match="certificate"):
                fetched("https://b.invalid/")
    assert heads[0].startswith(b"CONNECT a.invalid:443 HTTP/1.1\r\nHost: a.invalid:443\r\n")
    assert b"Proxy-Authorization: Basic dTpw\r\n" in heads[0]


REFUSALS = [
    (b"HTTP/1.1 403 No\r\n\r\n", "the proxy refuses to connect: status 403"),
    (b"HTTP/1.1 407 \x1b[31m\r\n\r\n", "the proxy refuses to connect: status 407"),
    (b"nonsense\r\n\r\n", "the answer of the proxy is not HTTP"),
    (b"HTTP/1.1 200", "the answer of the proxy is not HTTP"),
    (b"x" * 20_000, "the answer of the proxy is not HTTP"),
    (b"", "the answer of the proxy is not HTTP"),
]


@pytest.mark.parametrize(("answer", "said"), REFUSALS)
def test_refusals(answer: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that opens no tunnel is an error with its reason."""
    with proxy(answer) as (place, _):
        monkeypatch.setenv("https_proxy", f"http://{place}")
        with pytest.raises(FetchError, match=said):
            fetched("https://a.invalid/")


BAD = ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://h:port", "http://", "http://[::1"]


@pytest.mark.parametrize("value", BAD)
def test_bad_proxies(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of another kind, or an invalid one, is named as the reason."""
    monkeypatch.setenv("http_proxy", value)
    with pytest.raises(FetchError, match="the proxy in the environment is not"):
        fetched("http://a.invalid/")


def test_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of no_proxy is reached directly."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with scripted(fixed(200, b"ok")) as url:
        assert fetched(url) == b"ok"


PRIVATE = ["127.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "2130706433", "[::1]", "10.0.0.1"]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_redirects(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect to a private address or name is refused behind a proxy, too."""
    moved = f"HTTP/1.1 302 Found\r\nLocation: http://{host}/x\r\nContent-Length: 0\r\n\r\n".encode()
    with proxy(moved) as (place, heads):
        monkeypatch.setenv("http_proxy", f"http://{place}")
        with pytest.raises(FetchError, match="--allow-private follows it"):
            fetched("http://public.invalid/")
    assert len(heads) == 1
