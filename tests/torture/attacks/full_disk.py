"""File systems for temporary files and shared memory that are full."""

import os
import signal
import time

from tests.torture.attack import Attack, Figure
from tests.torture.server import Server


def _fill(server: Server) -> list[Figure]:
    """Fill the disks, then kill a worker: the next one must serve, and count."""
    server.fill_disks()
    known = set(server.processes())
    os.kill(server.worker_processes()[0], signal.SIGKILL)
    start = time.monotonic()
    while server.started_workers() <= server.workers and time.monotonic() - start < 10:
        time.sleep(0.02)
    seconds = time.monotonic() - start
    time.sleep(3)  # The probe asks the new one too.
    return [
        Figure("killed worker to a served one", seconds, "s", 10),
        Figure("new processes", len(set(server.processes()) - known), "", 1),
        Figure("starts of workers", server.started_workers(), "", server.workers + 1),
    ]


def _start(server: Server) -> list[Figure]:
    """Do no more: it has started where no temporary file can be made."""
    time.sleep(1)
    return [Figure("starts of workers", server.started_workers(), "", server.workers)]


ATTACKS = (
    Attack("a full disk for temporary files", "operation", _fill, workers=(2,), disk=256),
    Attack("a start without room for temporary files", "operation", _start, disk=0),
)
