"""Pipelined requests of a client that reads no answer."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server

CONNECTIONS_OF_A_KIND = 10
SENT_BYTES = 5_200_000
FLOOD_SECONDS = 3.0
GONE_SECONDS = 30.0
STOP_SECONDS = 12.0

SMALL = b"GET / HTTP/1.1\r\nHost:a\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost:a\r\n\r\n"
POST = b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost:a\r\nContent-Length:1\r\n\r\nx"
LONG_ANSWER = (
    b"GET /mail/config-v1.1.xml?emailaddress=alice@example.com HTTP/1.1\r\nHost:example.com\r\n\r\n"
)
MANY_FIELDS = (
    b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost:a\r\nContent-Length:1\r\n"
    + b"a:\r\n" * 195
    + b"\r\nx"
)
CLOSE = b"GET / HTTP/1.1\r\nHost:a\r\nConnection: close\r\n\r\n"


@dataclass
class Client:
    """A connection that sends as much as the server accepts, and reads nothing.

    Attributes:
        connection: its socket, which does not block.
        data: what is sent, again and again.
        burst: how many bytes at once.
        pause: how many seconds pass between two bursts.
        left: how many bytes are still to be sent.
    """

    connection: socket.socket
    data: bytes
    burst: int
    pause: float
    left: int
    next_at: float = 0.0
    gone: bool = field(default=False)

    def send(self) -> None:
        """Send a burst if it is time, and detect whether the connection has ended."""
        now = time.monotonic()
        if now < self.next_at:
            return
        self.next_at = now + self.pause
        try:
            if self.left > 0:
                self.left -= self.connection.send(self.data[: min(self.burst, self.left)])
            elif self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.gone = True
            else:
                self.connection.send(b"G")
        except BlockingIOError:
            return
        except OSError:
            self.gone = True


# What is sent, how many bytes at once, the seconds between, how many bytes in all.
KINDS: list[tuple[bytes, int, float, int]] = [
    (SMALL * 40_000, 1_000_000, 0.0, SENT_BYTES),
    (SMALL * 900, 900 * len(SMALL), 0.1, SENT_BYTES),
    (HEAD * 900, 900 * len(HEAD), 0.1, SENT_BYTES),
    (POST * 900, 900 * len(POST), 0.1, SENT_BYTES),
    (MANY_FIELDS * 900, 900 * len(MANY_FIELDS), 0.1, SENT_BYTES),
    (LONG_ANSWER * 900, 900 * len(LONG_ANSWER), 0.1, SENT_BYTES),
    (LONG_ANSWER * 900 + CLOSE, 200_000, 0.1, 900 * len(LONG_ANSWER) + len(CLOSE)),
]


def _clients(server: Server, stack: ExitStack) -> list[Client]:
    clients: list[Client] = []
    for data, burst, pause, left in KINDS:
        for _ in range(CONNECTIONS_OF_A_KIND):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.setblocking(False)
            clients.append(Client(connection, data, burst, pause, left))
    return clients


def _send_all(clients: list[Client], seconds: float, measure: Callable[[], None]) -> float:
    """Send until all connections have ended or the time is over; return how long that was."""
    start = time.monotonic()
    while (left := [one for one in clients if not one.gone]) and (
        time.monotonic() - start < seconds
    ):
        for one in left:
            one.send()
        measure()
        time.sleep(0.05)
    return time.monotonic() - start


def _flood(server: Server) -> list[Figure]:
    before = server.memory()
    peaks = [before]
    with ExitStack() as stack:
        clients = _clients(server, stack)
        seconds = _send_all(clients, PATIENCE_SECONDS, lambda: peaks.append(server.memory()))
        left = sum(not one.gone for one in clients)
    return [
        Figure("memory of all connections", max(peaks) - before, "MB", 50),
        Figure("connections that are left", left, "", 0),
        Figure("until they are gone", seconds, "s", GONE_SECONDS),
    ]


def _flood_to_the_end(server: Server) -> list[Figure]:
    with ExitStack() as stack:
        _send_all(_clients(server, stack), FLOOD_SECONDS, partial(time.sleep, 0))
        seconds = server.stop()
    return [Figure("SIGTERM to the end meanwhile", seconds, "s", STOP_SECONDS)]


ATTACKS = (
    Attack("pipelining without reading", "5", _flood),
    Attack("SIGTERM while answers are not read", "5", _flood_to_the_end, probed=False),
)
