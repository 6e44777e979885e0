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


def open_bridge(secure: ssl.SSLSocket, name: str) -> socket.socket:
    """Return the plain end of a connection with TLS.

    When one side closes, both are closed, and the thread ends.

    Raises:
        ThreadStartError: no thread can be started.
    """
    inner, outer = socket.socketpair()
    relay = _Bridge(inner, secure)
    try:
        threads.start(threading.Thread(target=relay.run, name=name, daemon=True))
    except threads.ThreadStartError:
        inner.close()
        outer.close()
        raise
    return outer


class _Bridge:
    def __init__(self, plain: socket.socket, secure: ssl.SSLSocket) -> None:
        self._plain = plain
        self._secure = secure
        # TLS has its own messages: a read may succeed without any data for the other side.
        self._secure.setblocking(False)
        self._plain.settimeout(WRITE_SECONDS)
        self._poll = select.poll()
        self._poll.register(plain, select.POLLIN)
        self._poll.register(secure, select.POLLIN)
        self._room = select.poll()
        self._room.register(secure, select.POLLOUT)

    def run(self) -> None:
        """Relay bytes until one side closes."""
        with self._plain, self._secure, suppress(OSError):
            while self._carry():
                pass

    def _carry(self) -> bool:
        ready = {descriptor for descriptor, _ in self._poll.poll()}
        if self._plain.fileno() in ready:
            data = self._plain.recv(CHUNK_BYTES)
            if not data:
                return False
            self._write(data)
        # Poll does not see the data that OpenSSL has buffered: read until the buffer is empty.
        while True:
            try:
                data = self._secure.recv(CHUNK_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return True
            if not data:
                return False
            self._plain.sendall(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self._secure.send(view) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if not self._room.poll(WRITE_SECONDS * 1000):
                    raise TimeoutError from None
