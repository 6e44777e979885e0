"""The download of documents from correct and from faulty servers."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.servers.authority import Authority
from waypost.core.errors import ProvidersError
from waypost.importers.download import download
from waypost.net.http_client import FetchLimits


class Handler(BaseHTTPRequestHandler):
    """A server whose answer depends on the path."""

    def do_GET(self) -> None:
        """Send the answer for the path."""
        if self.path == "/slow":
            time.sleep(1)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        known = self.path in {"/good", "/html", "/huge", "/trickle"}
        self.send_response(200 if known else 404)
        kind = "text/html" if self.path == "/html" else "text/xml"
        self.send_header("Content-Type", kind)
        self.end_headers()
        try:
            for _ in range({"/huge": 100, "/trickle": 10}.get(self.path, 1)):
                self.wfile.write(b"x" * 100)
                self.wfile.flush()
                time.sleep(0.1 if self.path == "/trickle" else 0)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name
        """Log nothing."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Run a server on the loopback interface; yield its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of a server without TLS."""
    monkeypatch.setenv("no_proxy", "*")
    with serving() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(name="secure")
def _secure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[str, Authority]]:
    """Yield the URL of a server with TLS, and the authority of its certificate."""
    monkeypatch.setenv("no_proxy", "*")
    authority = Authority.create(tmp_path)
    pair = authority.issue("server", ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with serving(context) as port:
        yield f"https://localhost:{port}", authority


def test_https(secure: tuple[str, Authority], monkeypatch: pytest.MonkeyPatch) -> None:
    """A document is downloaded over TLS from a server with a valid certificate."""
    url, authority = secure
    monkeypatch.setenv("SSL_CERT_FILE", f"{authority.certificate}")

    assert download(f"{url}/good", FetchLimits(1000)) == b"x" * 100
    with pytest.raises(ProvidersError, match="without encryption"):
        download(f"{url}/to/http://localhost:1/", FetchLimits(1000))


def test_unknown_authority(secure: tuple[str, Authority]) -> None:
    """Nothing is downloaded from a server whose certificate chain is not trusted."""
    with pytest.raises(ProvidersError, match="certificate: "):
        download(f"{secure[0]}/good", FetchLimits(1000))


def test_other_name(secure: tuple[str, Authority], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is downloaded from a server whose certificate is for another name."""
    url, authority = secure
    monkeypatch.setenv("SSL_CERT_FILE", f"{authority.certificate}")
    with pytest.raises(ProvidersError, match="certificate: "):
        download(url.replace("localhost", "127.0.0.1") + "/good", FetchLimits(1000))


@pytest.mark.parametrize("path", ["/good", "/to//good", "/to//to//good"])
def test_download(server: str, path: str) -> None:
    """A complete document is downloaded, also over redirects."""
    assert download(server + path, FetchLimits(1000)) == b"x" * 100


BAD = [
    ("/nothing", "the server answered 404 Not Found"),
    ("/html", "is a web page (text/html)"),
    ("/huge", "is larger than 1 KiB"),
    ("/trickle", "took longer than 0.5 s"),
    ("/slow", "took longer than 0.5 s"),
    ("/to/file:///etc/passwd", "redirects to a URL that is not accepted: "),
    ("/to/ftp://127.0.0.1/x", "must be a whole URL"),
    ("/to/" * 7 + "/good", "redirects more than 5 times"),
]


@pytest.mark.parametrize(("path", "said"), BAD)
def test_bad_answers(server: str, path: str, said: str) -> None:
    """A missing, too long, late or redirected answer is an error of one line with the reason."""
    seconds = 0.5 if "0.5 s" in said else 20
    with pytest.raises(ProvidersError) as caught:
        download(server + path, FetchLimits(1024, seconds=seconds))

    (problem,) = caught.value.problems
    assert said in problem


BAD_URLS = [
    ("file:///etc/passwd", "must be a whole URL"),
    ("ftp://example.com/", "must be a whole URL"),
    ("http://", "must be a whole URL"),
    ("http://[::1", "is not a URL"),
    ("http://127.0.0.1:99999/", "is not a URL"),
    ("http://user:s3cret@127.0.0.1/", "must not contain a user name"),
    ("http://127.0.0.1:1/", "cannot be fetched: "),
    ("http://127.0.0.1:1/a b", "cannot be fetched: "),
]


@pytest.mark.parametrize(("url", "said"), BAD_URLS)
def test_bad_urls(url: str, said: str) -> None:
    """A URL that cannot be downloaded is refused, and the error does not show its password."""
    with pytest.raises(ProvidersError) as caught:
        download(url, FetchLimits(1024, seconds=5))

    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)
