"""The listener for Prometheus, apart from the one for mail clients: GET /metrics over http."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from typing import Final

from waypost.errors import SettingsError
from waypost.metrics import CONTENT_TYPE

PATH: Final = "/metrics"


def serve_metrics(place: str, exposition: Callable[[], bytes]) -> ThreadingHTTPServer:
    """Answer in threads of this process, which end with it.

    Args:
        place: `HOST:PORT`, as the option `metrics_listen` has it.
        exposition: gives the text to answer with.

    Raises:
        SettingsError: nobody can listen there.
    """
    host, _, port = place.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            known = self.path.partition("?")[0] == PATH
            body = exposition() if known else b"not found; ask for /metrics\n"
            self.send_response(HTTPStatus.OK if known else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", CONTENT_TYPE if known else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "waypost"

        def log_message(self, *_: object) -> None:
            """Write nothing: a line each few seconds would hide the others."""

    class Server(ThreadingHTTPServer):
        address_family = AF_INET6 if host.startswith("[") else AF_INET
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Write nothing about a peer that went away."""

    try:
        server = Server((host.strip("[]"), int(port)), Handler)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"metrics_listen {place}: cannot listen there: {reason}"
        raise SettingsError([message]) from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
