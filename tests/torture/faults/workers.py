"""Workers that are killed, paused and restarted."""

import os
import signal
import time

from tests.servers.frozen import frozen
from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Figure
from tests.torture.deployment import with_database
from tests.torture.fault import NEW_WORKER, NOTHING, Fault, Trial
from tests.torture.load.load import KEPT
from tests.torture.server import Server, connections

# Waypost kills a worker that has not reported for 30 seconds.
_HANG_SECONDS = 36.0


def _kill(trial: Trial) -> list[Figure]:
    """Kill a worker with SIGKILL; the kernel closes its connections, and only these."""
    server = trial.deployment.server
    started = server.started_workers()
    pid = max(server.worker_processes(), key=lambda one: connections(one, server.port))
    with frozen(pid):
        count = connections(pid, server.port)
        failures = trial.tally.first_failures.total()
        os.kill(pid, signal.SIGKILL)
    _wait_for_start(server, started)
    time.sleep(trial.seconds / 2)
    cut = trial.tally.first_failures.total() - failures
    return [Figure(f"cut connections, of {count} of the killed worker", cut, "", count)]


def _pause(trial: Trial) -> list[Figure]:
    with frozen(trial.deployment.server.worker_processes()[0]):
        time.sleep(trial.seconds)
    return []


def _hang(trial: Trial) -> list[Figure]:
    """Pause a worker until Waypost replaces it."""
    server = trial.deployment.server
    started = server.started_workers()
    with frozen(server.worker_processes()[0], seconds=2 * _HANG_SECONDS):
        time.sleep(_HANG_SECONDS)
    _wait_for_start(server, started)
    time.sleep(trial.seconds / 2)
    return []


def _restart(trial: Trial) -> list[Figure]:
    """End a worker with SIGTERM: it answers what it has received, and the next one starts."""
    server = trial.deployment.server
    failures = trial.tally.first_failures.total()
    started = server.started_workers()
    os.kill(server.worker_processes()[0], signal.SIGTERM)
    _wait_for_start(server, started)
    time.sleep(trial.seconds / 2)
    cut = trial.tally.first_failures.total() - failures
    # A connection that is kept may be closed when its client sends the next request.
    return [Figure("cut connections", cut, "", KEPT)]


def _wait_for_start(server: Server, started: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while server.started_workers() <= started and time.monotonic() < end:
        time.sleep(0.05)


FAULTS = (
    Fault(
        "a worker is killed", with_database, _kill, NEW_WORKER, ("worker exited; restarting",), 5
    ),
    Fault("a worker is paused", with_database, _pause, NOTHING, (), 5),
    Fault(
        "a worker hangs",
        with_database,
        _hang,
        NEW_WORKER,
        ("worker does not respond; killing it", "worker exited; restarting"),
        5,
        is_long=True,
    ),
    Fault(
        "a worker is restarted",
        with_database,
        _restart,
        NEW_WORKER,
        ("worker exited; restarting",),
        5,
    ),
)
