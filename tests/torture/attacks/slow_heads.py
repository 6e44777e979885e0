"""Clients that send their request byte by byte, and never finish it."""

import socket
import time
from contextlib import ExitStack, suppress

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server

CONNECTIONS = 150
REQUEST = b"GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.example.com\r\nX-Slow: "


def _drip(server: Server) -> list[Figure]:
    before = server.memory()
    peak = before
    gone: set[socket.socket] = set()
    with ExitStack() as stack:
        place = ("127.0.0.1", server.port)
        slow = [stack.enter_context(socket.create_connection(place)) for _ in range(CONNECTIONS)]
        start = time.monotonic()
        for one in slow:
            one.sendall(REQUEST)
            one.setblocking(False)
        while len(gone) < CONNECTIONS and time.monotonic() - start < PATIENCE_SECONDS:
            for one in set(slow) - gone:
                try:
                    one.send(b"a")
                    if one.recv(1024) == b"":
                        gone.add(one)
                except BlockingIOError:
                    continue
                except OSError:
                    gone.add(one)
            with suppress(OSError):
                peak = max(peak, server.memory())
            time.sleep(0.2)
        seconds = time.monotonic() - start
    return [
        Figure("memory of all connections", peak - before, "MB", 20),
        Figure("connections that are left", CONNECTIONS - len(gone), "", 0),
        Figure("until they are gone", seconds, "s", 12),
    ]


ATTACKS = (Attack("heads that never end", "5", _drip),)
