"""A client whose body is not read gets its answer, and cannot keep the server for long."""

import asyncio
import re
import select
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.servers import proxies
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.proxies import Writer
from tests.servers.requirements import require
from tests.servers.waypost import RunningWaypost, waypost
from tests.web.test_connection import PROVIDERS
from waypost.web.connection import DRAIN_MAX_BYTES
from waypost.web.lingering import LINGER_MAX_BYTES, LINGER_SECONDS, LingeringTransport

AUTODISCOVER = "/autodiscover/autodiscover.xml"
MEGABYTE = 1024 * 1024
# What the buffers of both ends may contain, in addition to what is read.
BUFFERS = 24 * MEGABYTE
# How much later than in time a busy machine may be; without a limit there would be no end.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    """Run one `waypost serve`."""
    folder = tmp_path_factory.mktemp("waypost")
    providers = folder / "mail.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    with waypost(folder, providers) as running:
        yield running


def head(method: str, path: str, *lines: str, version: str = "1.1") -> bytes:
    """Write the head of a request."""
    first = [f"{method} {path} HTTP/{version}", "Host: autoconfig.example.com"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


def chunked(body: bytes, size: int = 8000) -> bytes:
    """Write a body in chunks."""
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def talk(port: int, *parts: bytes) -> bytes:
    """Send all of it before anything is read, then read to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        for part in parts:
            client.sendall(part)
        with client.makefile("rb") as answer:
            return answer.read()


def read(answers: BinaryIO) -> int:
    """Read one answer, and return its status."""
    status = int(answers.readline().split(b" ")[1])
    length = 0
    while line := answers.readline().strip():
        if line.startswith(b"content-length: "):
            length = int(line.removeprefix(b"content-length: "))
    assert len(answers.read(length)) == length
    return status


REFUSED = [
    # method, path, status: requests that are answered before the body is read
    ("POST", AUTODISCOVER, 413),
    ("PUT", AUTODISCOVER, 405),
    ("GET", AUTODISCOVER, 405),
    ("POST", "/", 405),
    ("POST", "/mail/config-v1.1.xml", 405),
    ("POST", "/.well-known/user-agent-configuration.json", 405),
    ("POST", "/nothing", 404),
    ("GET", "/nothing", 404),
    ("DELETE", "/initdb/", 404),
    ("POST", "/initdb/", 404),
    ("PUT", "/initdb/", 404),
    ("GET", "/", 200),
]
LONG = b"x" * (MEGABYTE + 1)


@pytest.mark.rule("proxies-linger")
@pytest.mark.parametrize("framing", ["length", "chunks", "HTTP/1.0"])
@pytest.mark.parametrize(("method", "path", "status"), REFUSED)
def test_a_long_body_gets_its_answer(
    server: RunningWaypost, method: str, path: str, status: int, framing: str
) -> None:
    """A client that reads only after it has sent all gets a whole answer, and no reset."""
    if framing == "chunks":
        request = head(method, path, "Transfer-Encoding: chunked") + chunked(LONG)
    else:
        version = "1.0" if framing == "HTTP/1.0" else "1.1"
        request = head(method, path, f"Content-Length: {len(LONG)}", version=version) + LONG
    answer = talk(server.port, request)

    first, _, body = answer.partition(b"\r\n\r\n")
    assert first.split(b" ")[1] == b"%d" % status
    assert b"\r\nconnection: close" in first
    length = next(line for line in first.split(b"\r\n") if line.startswith(b"content-length: "))
    assert len(body) == int(length.removeprefix(b"content-length: "))


def test_no_head_gets_its_answer(server: RunningWaypost) -> None:
    """Data that is not a request, or has too long a head, gets its 400 however long it is."""
    for request in (b"\x16\x03\x01" + LONG, head("GET", "/", f"x: {'y' * MEGABYTE}")):
        assert talk(server.port, request).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(("method", "path", "status"), REFUSED)
def test_an_endless_body_is_not_read(
    server: RunningWaypost, method: str, path: str, status: int
) -> None:
    """Of fifty megabytes few are read; a client that reads answers meanwhile gets its answer."""
    raw, answer = 0, b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(head(method, path, f"Content-Length: {50 * MEGABYTE}"))
        client.setblocking(False)
        end = time.monotonic() + PATIENCE_SECONDS
        try:
            while raw < 50 * MEGABYTE and time.monotonic() < end:
                readable, writable, _ = select.select([client], [client], [], 1)
                if readable and (part := client.recv(65536)):
                    answer += part
                elif writable:
                    raw += client.send(LONG[:65536])
                else:
                    time.sleep(0.05)
        except ConnectionError:
            pass
    assert answer.split(b" ")[1] == b"%d" % status
    assert raw < LINGER_MAX_BYTES + BUFFERS


@pytest.mark.parametrize(("method", "path", "status"), REFUSED)
@pytest.mark.parametrize("late", [False, True])
def test_a_short_body_keeps_the_connection(
    server: RunningWaypost, method: str, path: str, status: int, *, late: bool
) -> None:
    """A short body that is not needed is read; the connection answers the next request."""
    is_read = status == 413
    if is_read:
        status = 200  # It is not too long.
    body = b"x" * (DRAIN_MAX_BYTES // 2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(head(method, path, f"Content-Length: {len(body)}"))
        with client.makefile("rb") as answers:
            if late and not is_read:
                assert read(answers) == status
            client.sendall(body + head("GET", "/second"))
            if not late or is_read:
                assert read(answers) == status
            assert read(answers) == 404


def test_what_follows_is_not_answered(server: RunningWaypost) -> None:
    """After an answer that ends the connection, a pipelined request gets none."""
    long = head("POST", AUTODISCOVER, f"Content-Length: {len(LONG)}") + LONG
    last = head("GET", "/", "Connection: close")

    for request in (long, last):
        answer = talk(server.port, request + head("GET", "/second") * 3)
        assert answer.count(b"HTTP/1.1 ") == 1


def test_answers_before_it_are_whole(server: RunningWaypost) -> None:
    """Requests that were pipelined before a body that is too long all get their answers."""
    long = head("POST", AUTODISCOVER, f"Content-Length: {len(LONG)}") + LONG
    answer = talk(server.port, head("GET", "/first") * 3 + long)

    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"404"] * 3 + [b"413"]


@pytest.mark.parametrize("path", [AUTODISCOVER, "/nothing"])
@pytest.mark.parametrize("expect", ["Expect: 100-continue", "Expect:"])
def test_curl(server: RunningWaypost, tmp_path: Path, path: str, expect: str) -> None:
    """Curl gets its answer whether it waits for 100 or not, and continues with the next URL."""
    require(programs=["curl"])
    body = tmp_path / "body"
    body.write_bytes(LONG * 3)
    url = f"http://127.0.0.1:{server.port}{path}"
    command = ["curl", "--silent", "--show-error", *["--output", "/dev/null"] * 2, "-H", expect]
    command += ["--data-binary", f"@{body}", "--write-out", "%{http_code} ", url, url]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)

    assert done.stdout.split() == ["413" if path == AUTODISCOVER else "404"] * 2


def test_a_short_body_that_waits_for_100(server: RunningWaypost) -> None:
    """If a client may still omit its body, the connection ends."""
    lines = ("Expect: 100-continue", "Content-Length: 10")
    answer = talk(server.port, head("POST", "/nothing", *lines))

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"\r\nconnection: close" in answer


def _ends(port: int, closed: list[int]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    request = head("POST", AUTODISCOVER, f"Content-Length: {MEGABYTE}")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(request)
        try:
            while time.monotonic() < end:
                client.sendall(b"x")
                time.sleep(0.05)
        except ConnectionError:
            closed.append(1)


def test_slow_clients(server: RunningWaypost) -> None:
    """Clients that send slowly without end are closed in time, and meanwhile others are served."""
    closed: list[int] = []
    threads = [threading.Thread(target=_ends, args=(server.port, closed)) for _ in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert talk(server.port, head("GET", "/nothing", version="1.0"))
        time.sleep(0.1)

    assert len(closed) == 40


def test_a_client_that_does_nothing(server: RunningWaypost) -> None:
    """A client that neither sends its body nor reads is closed in time."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(head("POST", AUTODISCOVER, f"Content-Length: {MEGABYTE}"))
        time.sleep(LINGER_SECONDS)
        with pytest.raises(ConnectionError):
            _send_slowly(client)


def test_the_end_of_the_server(tmp_path: Path) -> None:
    """A connection that lingers does not delay the end of a server."""
    providers = tmp_path / "mail.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    with waypost(tmp_path, providers) as running:
        client = socket.create_connection(("127.0.0.1", running.port), timeout=30)
        client.sendall(head("POST", AUTODISCOVER, f"Content-Length: {MEGABYTE}"))
        assert client.recv(12) == b"HTTP/1.1 413"
        begun = time.monotonic()
    assert time.monotonic() - begun < LINGER_SECONDS - 1
    client.close()


def _send_slowly(client: socket.socket) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        client.sendall(b"x")
        time.sleep(0.05)


_PASS = "proxy_pass http://{waypost}; proxy_set_header Host $host;"
_NEW = 'proxy_http_version 1.1; proxy_set_header Connection "";'
_LARGE = "client_max_body_size 0;"
# It sends all of a body before it reads an answer, so it gets none for a very long one.
APACHE = proxies.apache("ProxyPreserveHost On")
SIZES = (100_000, 1_000_000, 3_000_000, 30_000_000)
FRONTS: list[tuple[str, Writer]] = [
    ("nginx", proxies.nginx(_PASS, "root", more=_LARGE)),
    ("nginx, HTTP/1.1", proxies.nginx(f"{_PASS} {_NEW}", "root", more=_LARGE)),
    (
        "nginx, unbuffered",
        proxies.nginx(f"{_PASS} proxy_request_buffering off;", "root", more=_LARGE),
    ),
    (
        "nginx, unbuffered, HTTP/1.1",
        proxies.nginx(f"{_PASS} {_NEW} proxy_request_buffering off;", "root", more=_LARGE),
    ),
    ("HAProxy", proxies.haproxy),
    ("Apache", APACHE),
    ("Caddy", proxies.caddy),
]


@pytest.mark.servers
@pytest.mark.rule("proxies-linger")
@pytest.mark.parametrize("write", [pytest.param(front, id=name) for name, front in FRONTS])
def test_through_web_servers(server: RunningWaypost, write: Writer) -> None:
    """A web server in front passes the answer on, and does not make it a 502."""
    require(
        programs=["nginx", "apache2", "haproxy", "caddy"],
        files=[proxies.NGINX_PACKAGE, proxies.HAPROXY_PACKAGE],
        root=True,
    )
    with tempfile.TemporaryDirectory(prefix="waypost-test-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        with proxies.running(write, folder, f"127.0.0.1:{server.port}") as port:
            for path, status in ((AUTODISCOVER, "413"), ("/nothing", "404"), ("/", "405")):
                for raw in SIZES[:3] if write is APACHE else SIZES:
                    body = folder / "body"
                    body.write_bytes(b"x" * raw)
                    said = _curl(f"http://127.0.0.1:{port}{path}", body)
                    assert said == [status] * 2, (path, raw)


def _curl(url: str, body: Path) -> list[str]:
    command = ["curl", "--silent", *["--output", "/dev/null"] * 2, "-H", "Expect:", "-X", "POST"]
    command += ["--data-binary", f"@{body}", "--write-out", "%{http_code} ", url, url]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return done.stdout.split()


class Gone(asyncio.Transport):
    """The transport of a connection that has ended, as uvloop has it."""

    def is_closing(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        raise RuntimeError(f"{len(data)} bytes: the handler is closed")


def test_answer_to_a_closed_connection() -> None:
    """An answer to a client that has closed is dropped, and is no error of the application."""

    async def answer() -> None:
        LingeringTransport(Gone(), lambda: False).write(b"HTTP/1.1 200 OK\r\n")

    asyncio.run(answer())
