"""Servers on 127.0.0.1 that never finish an answer, each in a different way."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

PAUSE_SECONDS: Final = 0.01
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
Script = Callable[[socket.socket, int], None]


def _drip(sock: socket.socket, start: bytes, piece: bytes) -> None:
    """Send a start, and then a piece again and again."""
    sock.sendall(start)
    while True:
        sock.sendall(piece)
        time.sleep(PAUSE_SECONDS)


def _dripping(start: bytes, piece: bytes) -> Script:
    def script(sock: socket.socket, _port: int) -> None:
        sock.recv(65536)
        _drip(sock, start, piece)

    return script


def _flooding(start: bytes, piece: bytes) -> Script:
    def script(sock: socket.socket, _port: int) -> None:
        sock.recv(65536)
        sock.sendall(start)
        while True:
            sock.sendall(piece * 500)

    return script


def _silent(sock: socket.socket, _port: int) -> None:
    while sock.recv(65536):
        pass
    time.sleep(60)


def _handshake(sock: socket.socket, _port: int) -> None:
    # The head of a record of 16 KiB (RFC 8446 s5.1), and its bytes one by one.
    _drip(sock, b"\x16\x03\x03\x40\x00", b"\x02")


def _redirecting(sock: socket.socket, port: int) -> None:
    """Redirect to another path of the same server, after 0.03 seconds each time."""
    sock.recv(65536)
    time.sleep(0.03)
    target = f"Location: http://127.0.0.1:{port}/{time.monotonic_ns()}".encode()
    sock.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + target + b"\r\n\r\n")


SCRIPTS: Final[dict[str, Script]] = {
    "silence": _silent,
    "TLS handshake": _handshake,
    "status line": _dripping(b"HTTP/1.1 200 O", b"K"),
    "header": _dripping(_OK + b"X-Slow: ", b"a"),
    "headers": _dripping(_OK, b"X-Slow: a\r\n"),
    "100 Continue": _dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue without a pause": _flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": _dripping(_OK + b"Content-Length: 100000\r\n\r\n", b"<"),
    "body without a length": _dripping(_OK + b"\r\n", b"<"),
    "chunks": _dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n<\r\n"),
    "chunk size": _dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "trailer": _dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Slow: a\r\n"),
    "trailer without a pause": _flooding(
        _OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Slow: a\r\n"
    ),
    "body of a redirect": _dripping(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b"<"),
    "body of an error": _dripping(b"HTTP/1.1 404 Not Found\r\n\r\n", b"<"),
    "redirects": _redirecting,
}
"""What a server does with a connection, by what never ends."""
BACKLOG: Final = "TCP accept"
KINDS: Final = (BACKLOG, *SCRIPTS)


@contextmanager
def dripping(kind: str) -> Iterator[str]:
    """Run a server of a kind; yield its URL."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        if kind == BACKLOG:
            _fill(stack, port)
        else:
            stack.enter_context(_accepting(listener, SCRIPTS[kind]))
        yield f"http{'s' if kind == 'TLS handshake' else ''}://127.0.0.1:{port}"


def _fill(stack: ExitStack, port: int) -> None:
    """Fill the queue of a listener that accepts no connection."""
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        with suppress(BlockingIOError):
            waiting.connect(("127.0.0.1", port))


@contextmanager
def _accepting(listener: socket.socket, script: Script) -> Iterator[None]:
    is_over = threading.Event()
    accepted: list[socket.socket] = []
    port = listener.getsockname()[1]

    def run(sock: socket.socket) -> None:
        with suppress(OSError), sock:
            script(sock, port)

    def accept() -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while not is_over.is_set():
                if selector.select(0.01):
                    sock, _ = listener.accept()
                    accepted.append(sock)
                    threading.Thread(target=run, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(10)
        for sock in accepted:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
