"""A PostgreSQL that is killed, paused and restarted."""

import time

from tests.servers.frozen import frozen
from tests.torture.attack import Figure
from tests.torture.deployment import with_database
from tests.torture.fault import STALE_DOMAINS, Fault, Trial


def _kill(trial: Trial) -> list[Figure]:
    database = trial.deployment.services.database
    database.kill()
    time.sleep(trial.seconds)
    database.start()
    return []


def _pause(trial: Trial) -> list[Figure]:
    with frozen(trial.deployment.services.database.pid, seconds=2 * trial.seconds + 30):
        time.sleep(trial.seconds)
    return []


def _restart(trial: Trial) -> list[Figure]:
    database = trial.deployment.services.database
    database.stop()
    database.start()
    time.sleep(trial.seconds / 2)
    return []


FAULTS = (
    Fault(
        "PostgreSQL is killed",
        with_database,
        _kill,
        STALE_DOMAINS,
        ("store failed", "store answers again"),
        5,
    ),
    Fault(
        "PostgreSQL is paused",
        with_database,
        _pause,
        STALE_DOMAINS,
        ("store failed", "store answers again"),
        5,
    ),
    Fault(
        "PostgreSQL is restarted",
        with_database,
        _restart,
        STALE_DOMAINS,
        ("store failed", "store answers again"),
        5,
    ),
)
