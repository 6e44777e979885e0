"""A log that cannot be written: requests are answered, and lines are dropped and counted."""

import http.client
import socket
from contextlib import closing
from typing import Final

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Attack, Figure
from tests.torture.outputs import (
    Output,
    closed,
    full_disk,
    pipe_without_reader,
    slow_reader,
    stopped_terminal,
    unread_pipe,
)
from tests.torture.server import Server

# Their lines of 315 bytes are more than what two workers hold, each a full queue and as much again
# that it writes (4.2 MB), and what the slow reader takes in three minutes (1.8 MB).
REQUESTS: Final = 20_000
AT_ONCE: Final = 50
REQUEST: Final = b"GET /%b HTTP/1.1\r\nHost: autoconfig.example.com\r\n\r\n" % (b"a" * 90)
METRIC: Final = "waypost_log_lines_dropped_total "


def _ask_much(server: Server) -> list[Figure]:
    before = server.memory()
    answered = 0
    for _ in range(REQUESTS // AT_ONCE):
        count = _answered(server.port, AT_ONCE)
        answered += count
        if not count:
            break  # Further requests would also wait.
    return [
        Figure("requests answered", answered, "requests", REQUESTS, at_least=True),
        Figure("memory of what waits", server.memory() - before, "MB", 25),
    ]


def _ask_much_and_count(server: Server) -> list[Figure]:
    figures = _ask_much(server)
    return [*figures, Figure("lines dropped and counted", _dropped(server), "", 1, at_least=True)]


def _answered(port: int, count: int) -> int:
    """Send requests in one piece on a new connection; return how many are answered."""
    received = b""
    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)) as one:
        try:
            one.sendall(REQUEST * count)
            while received.count(b"HTTP/1.1 404") < count and (data := one.recv(65536)):
                received += data
        except OSError:
            pass
    return received.count(b"HTTP/1.1 404")


def _dropped(server: Server) -> float:
    """Return how many dropped lines the metrics count."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", server.metrics_port, timeout=PATIENCE_SECONDS
    )
    with closing(connection):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    return sum(float(line.removeprefix(METRIC)) for line in lines if line.startswith(METRIC))


def _attack(name: str, output: Output) -> Attack:
    # Without a standard error there is no log, and so nothing to count.
    run = _ask_much if output is closed else _ask_much_and_count
    return Attack(name, "operation", run, stderr=output)


ATTACKS = (
    _attack("log to a pipe that is not read", unread_pipe),
    _attack("log to a pipe that is read slowly", slow_reader),
    _attack("log to a pipe whose reader has ended", pipe_without_reader),
    _attack("log to a full disk", full_disk),
    _attack("log to a terminal stopped with ^S", stopped_terminal),
    _attack("log to a closed standard error", closed),
)
