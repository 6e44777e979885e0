"""Forwarding headers of thousands of empty values, behind a trusted proxy."""

import os
import socket
from pathlib import Path

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server

REQUESTS = 40
VALUE = b"," * 30_000
HEADERS = (b"Forwarded", b"X-Forwarded-For", b"X-Forwarded-Proto")


def _send(server: Server, header: bytes) -> None:
    request = (
        b"GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.example.com\r\n"
        b"Connection: close\r\n%s: %s\r\n\r\n" % (header, VALUE)
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(request)
        while client.recv(65536):
            pass


def _cpu_seconds(server: Server) -> float:
    """Return the CPU time of all processes until now: proc_pid_stat(5), utime and stime."""
    ticks = 0
    for pid in server.processes():
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _ask(server: Server) -> list[Figure]:
    found = []
    for header in HEADERS:
        before = _cpu_seconds(server)
        for _ in range(REQUESTS):
            _send(server, header)
        spent = (_cpu_seconds(server) - before) / REQUESTS * 1000
        name = f"processor time of a request with 30 KB of commas in {header.decode()}"
        found.append(Figure(name, spent, "ms", 5))
    return found


ATTACKS = (
    Attack(
        "long forwarding headers", "5", _ask, workers=(1,), options=("--demo", "--proxy-count", "1")
    ),
)
