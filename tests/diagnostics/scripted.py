"""A server on 127.0.0.1 that sends what a test sets."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def scripted(
    reply: Reply,
    context: ssl.SSLContext | None = None,
    *,
    address: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[str]:
    """Start a server that answers every request by a function, and yield its URL.

    With a context it speaks TLS.
    """

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                reply(self, body)
            except OSError:
                return  # The client had enough.

        do_GET = _answer  # noqa: N815 -- the library's name
        do_POST = _answer  # noqa: N815 -- the same
        do_HEAD = _answer  # noqa: N815 -- the same
        do_PROPFIND = _answer  # noqa: N815 -- the same

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Write no log."""

    with ThreadingHTTPServer((address, port), Handler) as server:
        server.daemon_threads = True
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


def fixed(status: int, body: bytes = b"") -> Reply:
    """Send the same answer to every request."""

    def reply(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply
