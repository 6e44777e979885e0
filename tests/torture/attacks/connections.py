"""More connections than there are file descriptors, on the public listener."""

import socket
import time
from contextlib import ExitStack, suppress

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server
from tests.torture.waiting import seconds_until

DESCRIPTORS = 256
CONNECTIONS = 600
SECONDS = 6.0
PAUSE_SECONDS = 0.002
IDLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
# What is sent on each connection: nothing, an idle connection, and requests that never end.
BEGINNINGS = (
    b"",
    IDLE,
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Y: ",
    b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
)


def _connect(server: Server, stack: ExitStack, beginning: bytes) -> socket.socket:
    one = stack.enter_context(
        socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS)
    )
    with suppress(OSError):
        one.sendall(beginning)
    one.setblocking(False)
    return one


def _is_open(one: socket.socket) -> bool:
    try:
        while one.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _exhaust(server: Server) -> list[Figure]:
    before = server.memory()
    peak = before
    opened = 0
    left: list[socket.socket] = []
    with ExitStack() as stack:
        end = time.monotonic() + SECONDS
        while opened < CONNECTIONS or time.monotonic() < end:
            while len(left) < CONNECTIONS:
                left.append(_connect(server, stack, BEGINNINGS[opened % len(BEGINNINGS)]))
                opened += 1
                time.sleep(PAUSE_SECONDS)
            peak = max(peak, server.memory())
            left = [one for one in left if _is_open(one)]
            time.sleep(0.05)
        closed = seconds_until(lambda: sum(map(_is_open, left)) <= DESCRIPTORS * server.workers)
    lines = server.log_text().count("too many connections")
    return [
        Figure("connections opened", opened, "", CONNECTIONS, at_least=True),
        Figure("until those without a descriptor are closed", closed, "s", 1),
        Figure("memory of all connections", peak - before, "MB", 30),
        Figure("lines about it in the log", lines, "", server.workers),
        Figure("warnings about it in the log", lines, "", 1, at_least=True),
    ]


ATTACKS = (Attack("more connections than descriptors", "5", _exhaust, descriptors=DESCRIPTORS),)
