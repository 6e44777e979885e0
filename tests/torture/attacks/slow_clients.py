"""2,000 clients that send one byte a second, and networks that ask too much."""

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import skip
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server
from tests.torture.waiting import seconds_until

CONNECTIONS = 2_000
SECONDS = 15.0
REQUEST = b"GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.example.com\r\nX-Slow: "
# The defaults of a worker.
MAX_CONNECTIONS = 1_000
MAX_OF_NETWORK = 250
# Limits that two clients exceed on any machine.
RATE, BURST, QUERY_COST = 10, 200, 10
FLOOD_SECONDS = 6.0
LOOPBACK = "127.0.0.1"


def _own_address() -> str:
    """Return an address of this machine that is no loopback address, so it has limits."""
    address = LOOPBACK
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("198.51.100.1", 9))  # Nothing is sent.
        address = str(probe.getsockname()[0])
    if address.startswith("127."):
        skip("needs an address of the machine besides 127.0.0.1")
    return address


def _connect(server: Server, source: str) -> socket.socket | None:
    with suppress(OSError):
        one = socket.create_connection((LOOPBACK, server.port), PATIENCE_SECONDS, (source, 0))
        one.sendall(REQUEST)
        one.setblocking(False)
        return one
    return None


def _send_byte(one: socket.socket) -> bool:
    """Send one byte; return whether the connection is still open."""
    try:
        one.send(b"a")
        return one.recv(1024) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _is_open(one: socket.socket) -> bool:
    """Return whether a connection is open, after reading what has come."""
    try:
        while one.recv(65_536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _drip(source: Callable[[], str], most: int) -> Callable[[Server], list[Figure]]:
    """Return an attack of slow clients that connect again when they are disconnected.

    Args:
        source: returns the address of the clients.
        most: how many of their connections a worker may keep.
    """

    def run(server: Server) -> list[Figure]:
        before = peak = server.memory()
        clients: list[socket.socket] = []
        opened, address = 0, source()
        end = time.monotonic() + SECONDS
        try:
            while opened < CONNECTIONS or time.monotonic() < end:
                second = time.monotonic() + 1
                while len(clients) < CONNECTIONS and time.monotonic() < second:
                    if (one := _connect(server, address)) is not None:
                        clients.append(one)
                        opened += 1
                peak = max(peak, server.memory())
                time.sleep(max(0.0, second - time.monotonic()))
                alive = {one: _send_byte(one) for one in clients}
                for one in clients:
                    if not alive[one]:
                        one.close()
                clients = [one for one in clients if alive[one]]
            closed = seconds_until(lambda: sum(map(_is_open, clients)) <= most * server.workers)
        finally:
            for one in clients:
                one.close()
        return [
            Figure("slow connections opened", opened, "", CONNECTIONS, at_least=True),
            Figure("until those above the limit are closed", closed, "s", 1),
            Figure("memory of all connections", peak - before, "MB", 60 * server.workers),
        ]

    return run


def _flood(path: Callable[[int], str], cost: int) -> Callable[[Server], list[Figure]]:
    """Return an attack of one network that asks as fast as it can.

    Args:
        path: returns the path of a request by its number.
        cost: for how many requests each of them counts.
    """

    def run(server: Server) -> list[Figure]:
        statuses: Counter[int] = Counter()
        start = time.monotonic()
        source = _own_address()

        def allowed(seconds: float) -> float:
            # All workers share the buckets; of two counts at the same instant, one may be lost.
            return 1.02 * (BURST + RATE * seconds) / cost + 2 * server.workers

        def is_over() -> bool:
            seconds = time.monotonic() - start
            sent = statuses.total()
            return seconds > FLOOD_SECONDS and (
                sent > 2 * allowed(seconds) or seconds > PATIENCE_SECONDS
            )

        def ask(first: int) -> None:
            number = first
            connection = http.client.HTTPConnection(
                LOOPBACK, server.port, PATIENCE_SECONDS, (source, 0)
            )
            while not is_over():
                connection.request("GET", path(number))
                answer = connection.getresponse()
                answer.read()
                statuses[answer.status] += 1
                number += 2
            connection.close()

        threads = [threading.Thread(target=ask, args=(first,)) for first in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - start
        answered = sum(number for status, number in statuses.items() if status != 429)
        most = allowed(seconds)
        return [
            Figure("requests sent", statuses.total(), "", most, at_least=True),
            Figure("answered", answered, "", most),
            Figure("refused with 429", statuses[429], "", 1, at_least=True),
        ]

    return run


_LIMITS = (
    *("--rate-limit", f"{RATE}", "--rate-limit-burst", f"{BURST}"),
    *("--rate-limit-query-cost", f"{QUERY_COST}"),
)

ATTACKS = (
    Attack(
        "two thousand slow clients of one network",
        "5",
        _drip(_own_address, MAX_OF_NETWORK),
        options=("--demo",),
        descriptors=4096,
        slowest=3.0,
    ),
    Attack(
        "two thousand slow clients without a separate limit",
        "5",
        _drip(lambda: LOOPBACK, MAX_CONNECTIONS),
        options=("--demo",),
        descriptors=4096,
        slowest=3.0,
    ),
    Attack(
        "a flood of requests from one network",
        "5",
        _flood(lambda _: "/mail/config-v1.1.xml?emailaddress=alice@example.com", 1),
        options=("--demo", *_LIMITS),
    ),
    Attack(
        "a flood of invented domains from one network",
        "5",
        _flood(lambda number: f"/mail/config-v1.1.xml?emailaddress=a@b{number}.invalid", 11),
        options=("--db-uri", "sqlite:///waypost.sqlite", *_LIMITS),
        probed=False,
    ),
)
