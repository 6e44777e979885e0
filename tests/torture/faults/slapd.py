"""A slapd that is killed, paused and restarted."""

import time

from tests.servers.frozen import frozen
from tests.torture.attack import Figure
from tests.torture.deployment import with_database
from tests.torture.fault import STALE_USERS, Fault, Trial

# The breaker waits up to twice as long as the fault has lasted, or 30 seconds.
_RECOVERS_SECONDS = 35
_LOG = ("directory failed", "directory answers again")


def _kill(trial: Trial) -> list[Figure]:
    directory = trial.deployment.services.directory
    directory.kill()
    time.sleep(trial.seconds)
    directory.start()
    return []


def _pause(trial: Trial) -> list[Figure]:
    with frozen(trial.deployment.services.directory.pid, seconds=2 * trial.seconds + 30):
        time.sleep(trial.seconds)
    return []


def _restart(trial: Trial) -> list[Figure]:
    directory = trial.deployment.services.directory
    directory.stop()
    directory.start()
    time.sleep(trial.seconds / 2)
    return []


FAULTS = (
    Fault("slapd is killed", with_database, _kill, STALE_USERS, _LOG, _RECOVERS_SECONDS),
    Fault("slapd is paused", with_database, _pause, STALE_USERS, _LOG, _RECOVERS_SECONDS),
    Fault("slapd is restarted", with_database, _restart, STALE_USERS, _LOG, _RECOVERS_SECONDS),
)
