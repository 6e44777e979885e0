"""Requests that a web server in front and Waypost might split differently (RFC 9112 s11.2)."""

import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.servers import proxies
from tests.servers.patience import wait_for_log
from tests.servers.proxies import NGINX_LOCATIONS, Writer
from tests.servers.requirements import require
from tests.servers.waypost import RunningWaypost, waypost
from tests.web.public.test_autodiscover import question

pytestmark = [pytest.mark.servers, pytest.mark.slow]

PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com", "example.org"]
services = [{ type = "imap", host = "i.example.com" }, { type = "smtp", host = "s.example.com" }]
"""
FRONTS: dict[str, Writer] = {
    "nginx": proxies.nginx(NGINX_LOCATIONS["HTTP/1.1"]),
    "haproxy": proxies.haproxy,
    "apache": proxies.apache("ProxyPreserveHost On"),
    "caddy": proxies.caddy,
}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: evil.example\r\n\r\n"
HEAD = b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: example.com\r\n"
GET = b"GET /mail/config-v1.1.xml?emailaddress=a@example.com HTTP/1.1\r\nHost: example.com\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(SMUGGLED)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SHAPES = {
    "length and chunks": HEAD + LENGTH + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": HEAD + CHUNKED + LENGTH + b"\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": HEAD + LENGTH + b"Content-Length: 0\r\n\r\n" + SMUGGLED,
    "two lengths in a list": HEAD + b"Content-Length: 0, 46\r\n\r\n" + SMUGGLED,
    "a length with a sign": HEAD + b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a folded header": HEAD + b"X: a\r\n Content-Length: 46\r\n\r\n" + SMUGGLED,
    "a space in front of a colon": HEAD + b"Content-Length : 46\r\n\r\n" + SMUGGLED,
    "a tab in a header name": HEAD + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "bare line feeds": HEAD.replace(b"\r\n", b"\n") + b"Content-Length: 0\n\n" + SMUGGLED,
    "a bare carriage return": HEAD + b"X: a\rContent-Length: 46\r\n\r\n" + SMUGGLED,
    "an unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n" + LENGTH + b"\r\n" + SMUGGLED,
    "two codings": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "the same coding twice": HEAD + CHUNKED * 2 + b"\r\n0\r\n\r\n" + SMUGGLED,
    "a coding with a control": HEAD
    + b"Transfer-Encoding: \x0bchunked\r\n"
    + LENGTH
    + b"\r\n0\r\n\r\n",
    "a chunk extension": HEAD + CHUNKED + b'\r\n0;a="\r\n\r\n' + SMUGGLED,
    "a chunk extension with a line feed": HEAD + CHUNKED + b"\r\n1;a\nx\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk size of 65 bits": HEAD + CHUNKED + b"\r\n10000000000000000\r\n" + SMUGGLED,
    "a chunk size with 0x": HEAD + CHUNKED + b"\r\n0x2e\r\n" + SMUGGLED,
    "a trailer with a length": HEAD + CHUNKED + b"\r\n0\r\nContent-Length: 46\r\n\r\n" + SMUGGLED,
    "a body of a GET": GET + LENGTH + b"\r\n" + SMUGGLED,
    "underscores": GET + b"Content_Length: 46\r\nTransfer_Encoding: chunked\r\n\r\n" + SMUGGLED,
    "an expectation": HEAD + b"Expect: 100-continue\r\n" + LENGTH + b"\r\n" + SMUGGLED,
    "an upgrade": GET + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n" + SMUGGLED,
    "headers that Connection names": GET + b"Connection: Host, X-Forwarded-For\r\n\r\n" + SMUGGLED,
    "the absolute form": b"GET http://evil.example/ HTTP/1.1\r\nHost: example.com\r\n\r\n"
    + SMUGGLED,
    "the PROXY protocol": b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + GET + b"\r\n" + SMUGGLED,
    "the version 0.9": b"GET /mail/config-v1.1.xml\r\n" + SMUGGLED,
    "two hosts": GET + b"Host: evil.example\r\n\r\n" + SMUGGLED,
    "too long a body": HEAD + b"Content-Length: 2000000\r\n\r\n" + SMUGGLED,
}


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    """Run one `waypost serve`."""
    folder = tmp_path_factory.mktemp("waypost")
    providers = folder / "mail.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    with waypost(folder, providers) as running:
        yield running


@pytest.fixture(name="front", scope="module", params=FRONTS)
def _front(request: pytest.FixtureRequest, server: RunningWaypost) -> Iterator[int]:
    """Run a web server in front of it; yield its port."""
    require(
        programs=["nginx", "apache2", "haproxy", "caddy"],
        files=[proxies.NGINX_PACKAGE, proxies.HAPROXY_PACKAGE],
        root=True,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-test-")))
        folder.chmod(0o755)
        place = f"127.0.0.1:{server.port}"
        yield stack.enter_context(proxies.running(FRONTS[request.param], folder, place))


def answers_to(port: int, request: bytes) -> list[int]:
    """Send a request as it is; return the statuses of all answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.2) as client:
        client.sendall(request)
        received = b""
        try:
            while data := client.recv(65536):
                received += data
        except (TimeoutError, ConnectionResetError):
            pass
    return [int(one) for one in re.findall(rb"HTTP/1\.[01] ([2-5]\d\d)", received)]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_client_gets_its_own_answer(front: int, shape: str) -> None:
    """After an ambiguous request each client gets the answer to its own request."""
    statuses = answers_to(front, SHAPES[shape])
    assert len(statuses) <= 2
    for number in range(2):
        address = f"user{number}@example.org"
        with httpx.Client(base_url=f"http://127.0.0.1:{front}") as client:
            autoconfig = client.get("/mail/config-v1.1.xml", params={"emailaddress": address})
            assert autoconfig.status_code == 200
            assert f"<username>{address}</username>" in autoconfig.text


def test_all_formats_come_through(front: int) -> None:
    """Autoconfig, Autodiscover and profiles are answered through each web server."""
    with httpx.Client(base_url=f"http://127.0.0.1:{front}") as client:
        asked = {"emailaddress": "alice@example.com"}
        assert "alice@example.com" in client.get("/mail/config-v1.1.xml", params=asked).text
        outlook = client.post("/autodiscover/autodiscover.xml", content=question())
        assert "<Protocol>" in outlook.text
        profile = client.get("/mobileconfig/", params=asked)
        assert profile.headers["content-type"] == "application/x-apple-aspen-config"


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP", "X-Forwarded-Host"]
)
def test_forged_headers_count_for_nothing(front: int, server: RunningWaypost, name: str) -> None:
    """A client's forwarding header becomes neither its address in the log nor a host."""
    marker = f"forged{name.lower().replace('-', '').replace('_', '')}.example"
    value = {"Forwarded": f"for=192.0.2.77;host={marker}"}.get(name, "192.0.2.77")
    answer = httpx.get(
        f"http://127.0.0.1:{front}/mail/config-v1.1.xml?emailaddress=a@{marker}",
        headers={name: marker if name == "X-Forwarded-Host" else value},
    )
    assert answer.status_code == 404
    log = wait_for_log(server.log, f'"{marker}"')
    line = [one for one in log.splitlines() if f'"{marker}"' in one][-1]
    assert '"peer": "127.0.0.1"' in line
    assert "192.0.2.77" not in line
