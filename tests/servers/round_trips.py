"""A relay in front of a server that counts round trips: what a client sends after an answer."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class CountingRelay(socketserver.ThreadingTCPServer):
    """A relay on 127.0.0.1.

    Attributes:
        round_trips: how often a client has sent something after the server had answered. Several
            statements that a client sends at once are one round trip.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.target_port = target_port
        self.round_trips = 0
        self.sockets: set[socket.socket] = set()

    @property
    def port(self) -> int:
        """The port of the relay."""
        return int(self.server_address[1])

    def close_connections(self) -> None:
        """Close all connections, as a server that is started again."""
        for one in tuple(self.sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.BaseRequestHandler):
    server: CountingRelay

    def handle(self) -> None:
        client: socket.socket = self.request
        with socket.create_connection(("127.0.0.1", self.server.target_port)) as upstream:
            self.server.sockets.add(client)
            try:
                self._forward(client, upstream)
            except OSError:
                pass  # One of the ends has closed the connection.
            finally:
                self.server.sockets.discard(client)

    def _forward(self, client: socket.socket, upstream: socket.socket) -> None:
        has_answered = True
        while True:
            ready, _, _ = select.select([client, upstream], [], [])
            if upstream in ready:
                if not (data := upstream.recv(65_536)):
                    return
                has_answered = True
                client.sendall(data)
            if client in ready:
                if not (data := client.recv(65_536)):
                    return
                self.server.round_trips += has_answered
                has_answered = False
                upstream.sendall(data)


@contextmanager
def counting_relay(target_port: int) -> Iterator[CountingRelay]:
    """Run a relay to a server on 127.0.0.1."""
    with CountingRelay(target_port) as relay:
        thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield relay
        finally:
            relay.shutdown()
            thread.join()
