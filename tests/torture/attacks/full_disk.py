"""File systems for temporary files and shared memory that are full."""

import os
import signal
import time
from typing import Final

from tests.torture.attack import Attack, Figure
from tests.torture.probe import Probe
from tests.torture.running import PROBE_SECONDS
from tests.torture.server import Server, ask
from tests.torture.waiting import seconds_until

ANSWERS: Final = 20


def _fill(server: Server) -> list[Figure]:
    """Fill the disks, then kill a worker: the next one must serve, and count."""
    server.fill_disks()
    known = set(server.processes())
    os.kill(server.worker_processes()[0], signal.SIGKILL)
    seconds = seconds_until(lambda: server.started_workers() > server.workers)
    time.sleep(3)  # The probe asks the new one too.
    return [
        Figure("killed worker to a served one", seconds, "s", 10),
        Figure("new processes", len(set(server.processes()) - known), "", 1),
        Figure("starts of workers", server.started_workers(), "", server.workers + 1),
    ]


def _fill_beside_database(server: Server) -> list[Figure]:
    """Fill the disk of the database: it cannot be changed, but it can be read."""
    seeded = ask(server.port, "/initdb/")
    server.fill_disks()
    os.kill(server.worker_processes()[0], signal.SIGKILL)
    with Probe(server.port) as probe:
        seconds_until(lambda: server.started_workers() > server.workers)
        before = probe.answers
        seconds_until(lambda: probe.answers >= before + ANSWERS)
    return [
        Figure("status of the seeding", seeded, "", 200),
        Figure("answers", probe.answers, "", ANSWERS, at_least=True),
        Figure("failures", len(probe.failures), "", 0),
        Figure("slowest answer", probe.slowest, "s", PROBE_SECONDS),
        Figure("starts of workers", server.started_workers(), "", server.workers + 1),
    ]


def _start(server: Server) -> list[Figure]:
    """Return one figure: the server has started without a place for temporary files."""
    time.sleep(1)
    return [Figure("starts of workers", server.started_workers(), "", server.workers)]


ATTACKS = (
    Attack(
        "a full disk for temporary files",
        "operation",
        _fill,
        workers=(2,),
        disk=256,
        lost=1,  # The worker that is killed may be answering.
    ),
    Attack(
        "a full disk with the database",
        "operation",
        _fill_beside_database,
        workers=(2,),
        options=("--db-uri", "sqlite:///temporary/mail.sqlite", "--cache-ttl", "1"),
        disk=1024,
        probed=False,  # At the start the database is empty.
    ),
    Attack("a start without room for temporary files", "operation", _start, disk=0),
)
