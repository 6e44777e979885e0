"""A thread that relays bytes between a library without TLS and a server with TLS."""

import select
import socket
import ssl
import threading
from contextlib import suppress
from typing import Final

from waypost.runtime import threads

CHUNK_BYTES: Final = 65536
WRITE_SECONDS: Final = 30.0


def open_bridge(tls_socket: ssl.SSLSocket, name: str) -> socket.socket:
    """Return the plain end of a connection with TLS.

    When one side closes, both are closed, and the thread ends.

    Raises:
        ThreadStartError: no thread can be started.
    """
    inner, outer = socket.socketpair()
    bridge = _Bridge(inner, tls_socket)
    try:
        threads.start(threading.Thread(target=bridge.run, name=name, daemon=True))
    except threads.ThreadStartError:
        inner.close()
        outer.close()
        raise
    return outer


class _Bridge:
    def __init__(self, plain: socket.socket, tls_socket: ssl.SSLSocket) -> None:
        self._plain = plain
        self._tls_socket = tls_socket
        # TLS has its own messages: a read may succeed without any data for the other side.
        self._tls_socket.setblocking(False)
        self._plain.settimeout(WRITE_SECONDS)
        self._poll = select.poll()
        self._poll.register(plain, select.POLLIN)
        self._poll.register(tls_socket, select.POLLIN)
        self._write_poll = select.poll()
        self._write_poll.register(tls_socket, select.POLLOUT)

    def run(self) -> None:
        """Relay bytes until one side closes."""
        with self._plain, self._tls_socket, suppress(OSError):
            while self._relay_once():
                pass

    def _relay_once(self) -> bool:
        ready = {descriptor for descriptor, _ in self._poll.poll()}
        if self._plain.fileno() in ready:
            data = self._plain.recv(CHUNK_BYTES)
            if not data:
                return False
            self._write(data)
        # Poll does not see the data that OpenSSL has buffered: read until the buffer is empty.
        while True:
            try:
                data = self._tls_socket.recv(CHUNK_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return True
            if not data:
                return False
            self._plain.sendall(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._tls_socket.send(view) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if not self._write_poll.poll(WRITE_SECONDS * 1000):
                    raise TimeoutError from None
