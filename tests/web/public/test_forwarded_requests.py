"""Requests as real web servers forward them are answered from templates."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from tests.servers import proxies
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.proxies import Writer
from tests.servers.requirements import require
from tests.web.asgi import settings
from tests.web.public.test_answer_templates import in_memory
from tests.web.public.worker import Worker

pytestmark = [pytest.mark.servers, pytest.mark.slow]

GUIDE = """
    proxy_pass http://{waypost};
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $host;
"""
USUAL = f'{GUIDE} proxy_http_version 1.1; proxy_set_header Connection "";'
FRONTS: dict[str, Writer] = {
    "nginx": proxies.nginx(GUIDE),
    "nginx with HTTP/1.1": proxies.nginx(f"{USUAL} proxy_set_header X-Real-IP $remote_addr;"),
    "haproxy": proxies.haproxy_forwarding,
    "apache": proxies.apache("ProxyPreserveHost On"),
    "caddy": proxies.caddy_forwarding,
}
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Recorder:
    """A server that keeps the bytes of each request, and sends an empty answer."""

    def __init__(self, stack: ExitStack) -> None:
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._listener.settimeout(PATIENCE_SECONDS)
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._requests: list[bytes] = []

    def record(self, port: int, source: str, domain: str) -> bytes:
        """Send a request of Thunderbird to a web server; return what the web server forwards."""
        request = (
            f"GET /mail/config-v1.1.xml?emailaddress=alice@{domain} HTTP/1.1\r\n"
            f"Host: autoconfig.{domain}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n"
            "Accept-Language: de\r\nConnection: close\r\n\r\n"
        )
        thread = Thread(target=self._answer_one)
        thread.start()
        with socket.create_connection(
            ("127.0.0.1", port), timeout=PATIENCE_SECONDS, source_address=(source, 0)
        ) as client:
            client.sendall(request.encode())
            assert client.recv(64).startswith(b"HTTP/1.1 200")
        thread.join()
        return self._requests.pop()

    def _answer_one(self) -> None:
        received = b""
        # A web server may connect without a request, to see whether the server is there.
        while not received:
            connection, _ = self._listener.accept()
            with connection:
                while b"\r\n\r\n" not in received and (data := connection.recv(65536)):
                    received += data
                if received:
                    connection.sendall(ANSWER)
        self._requests.append(received)


@pytest.fixture(name="forwarded", scope="module", params=FRONTS)
def _forwarded(request: pytest.FixtureRequest) -> Iterator[list[bytes]]:
    """Yield two requests of different clients for different domains, as a web server sends them."""
    require(
        programs=["nginx", "apache2", "haproxy", "caddy"],
        files=[proxies.NGINX_PACKAGE, proxies.HAPROXY_PACKAGE],
        root=True,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-test-")))
        folder.chmod(0o755)
        recorder = Recorder(stack)
        front = proxies.running(FRONTS[request.param], folder, recorder.place)
        port = stack.enter_context(front)
        clients = (("127.0.0.2", "example.com"), ("127.0.0.3", "example.org"))
        yield [recorder.record(port, source, domain) for source, domain in clients]


def test_forwarded_requests(forwarded: list[bytes]) -> None:
    """The second request is answered at once, and the log shows its own client."""
    options = settings(proxy_count=1)
    with (
        Worker(in_memory, options) as worker,
        Worker(in_memory, options, has_templates=False) as without_templates,
    ):
        for request in forwarded:
            assert worker.send(request) == without_templates.send(request)
        assert worker.routed == 1, forwarded
        assert worker.raw_lines == without_templates.raw_lines
        assert [line["peer"] for line in worker.lines] == ["127.0.0.2", "127.0.0.3"]
