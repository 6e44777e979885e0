"""A web server that answers with control sequences for terminals."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202e\u200b\x7f\x85\u2028forged"
_TEXT = HOSTILE.encode() + b"\x9b31m"
ANSWERS = {
    "reason": b"HTTP/1.1 404 " + _TEXT + b"\r\nContent-Length: 0\r\n\r\n",
    "status": b"HTTP/1.1 " + _TEXT + b"\r\n\r\n",
    "status line": _TEXT + b"\r\n\r\n",
    "location": b"HTTP/1.1 302 x\r\nLocation: " + _TEXT + b"\r\nContent-Length: 0\r\n\r\n",
    "scheme": b"HTTP/1.1 302 x\r\nLocation: x:" + _TEXT + b"\r\nContent-Length: 0\r\n\r\n",
    "type": b"HTTP/1.1 200 x\r\nContent-Type: a/" + _TEXT + b"\r\nContent-Length: 1\r\n\r\nx",
    "length": b"HTTP/1.1 200 x\r\nContent-Length: " + _TEXT + b"\r\n\r\nx",
    "chunk": b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n" + _TEXT + b"\r\n",
    "header": b"HTTP/1.1 200 x\r\n" + _TEXT + b"\r\n\r\nx",
    "document": b"HTTP/1.1 200 x\r\nContent-Type: text/xml\r\n\r\n<clientConfig>" + _TEXT,
}


@contextmanager
def hostile_server(answer: bytes) -> Iterator[str]:
    """Yield the URL of a server that answers each request with the same bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answer), name="hostile")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, answer: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(5)
            connection.recv(65536)
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65536)
