"""A relay to a server whose old connections may hang, as behind a lost machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class StuckRelay:
    """A relay of bytes between 127.0.0.1:`port` and another port.

    Attributes:
        port: the port that it listens on.
    """

    def __init__(self, target_port: int) -> None:
        """Listen, for a server on 127.0.0.1."""
        self._target_port = target_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._passing: set[threading.Event] = set()
        self._open: list[socket.socket] = []
        self._passers: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def stick(self) -> None:
        """Stop passing bytes on the current connections, and close none; new ones work."""
        for one in list(self._passing):
            one.clear()
        self._passing.clear()

    def close(self) -> None:
        """Close all connections, after the threads that use them have ended."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # which ends accept()
        self._acceptor.join()
        self._listening.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._passers:
            thread.join()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                client.close()
                continue
            passes = threading.Event()
            passes.set()
            self._passing.add(passes)
            self._open += [client, server]
            for source, target in ((client, server), (server, client)):
                args = (source, target, passes)
                passer = threading.Thread(target=_pass, args=args, daemon=True)
                passer.start()
                self._passers.append(passer)


def _pass(source: socket.socket, target: socket.socket, passes: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if not passes.is_set():
                return  # without closing anything: the peers wait
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def stuck_relay(target_port: int) -> Iterator[StuckRelay]:
    """Run a relay to a port of 127.0.0.1."""
    relay = StuckRelay(target_port)
    try:
        yield relay
    finally:
        relay.close()
