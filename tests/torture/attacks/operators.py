"""Heads that never end and connections that send nothing, on the admin and metrics listeners."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Attack, Figure
from tests.torture.probe import Probe
from tests.torture.server import Server

IDLE = 300
LONG_HEADS = 60
HEAD_BYTES = 1_000_000
GONE_SECONDS = 14.0
BEGIN = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n"
FIELDS = b"x-y: " + b"z" * 1000 + b"\r\n"


def _is_open(one: socket.socket) -> bool:
    try:
        while one.recv(65536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _connect(port: int, stack: ExitStack, count: int) -> list[socket.socket]:
    found = []
    for _ in range(count):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS))
        one.setblocking(False)
        found.append(one)
    return found


def _attack(port: Callable[[Server], int], server: Server) -> list[Figure]:
    before = server.memory()
    peak = before
    with ExitStack() as stack:
        start = time.monotonic()
        long_ones = dict.fromkeys(_connect(port(server), stack, LONG_HEADS), 0)
        for one in long_ones:
            one.send(BEGIN)
        idle = _connect(port(server), stack, IDLE)
        with Probe(port(server), "/metrics") as probe:
            while (idle or long_ones) and time.monotonic() - start < PATIENCE_SECONDS:
                for one in list(long_ones):
                    try:
                        if long_ones[one] < HEAD_BYTES:
                            long_ones[one] += one.send(FIELDS * 20)
                    except BlockingIOError:
                        pass
                    except OSError:
                        del long_ones[one]
                peak = max(peak, server.memory())
                idle = [one for one in idle if _is_open(one)]
                long_ones = {one: sent for one, sent in long_ones.items() if _is_open(one)}
                time.sleep(0.05)
        seconds = time.monotonic() - start
    return [
        Figure("memory of all connections", peak - before, "MB", 20),
        Figure("connections that are left", len(idle) + len(long_ones), "", 0),
        Figure("until they are gone", seconds, "s", GONE_SECONDS),
        Figure("failures of operators", len(probe.failures), "", 0),
        Figure("slowest answer to operators", probe.slowest, "s", 1),
    ]


def _admin_port(server: Server) -> int:
    return server.admin_port


def _metrics_port(server: Server) -> int:
    return server.metrics_port


ATTACKS = (
    Attack(
        "heads and idle connections to the admin listener",
        "5",
        partial(_attack, _admin_port),
        workers=(1,),
    ),
    Attack(
        "heads and idle connections to the metrics listener",
        "5",
        partial(_attack, _metrics_port),
    ),
)
