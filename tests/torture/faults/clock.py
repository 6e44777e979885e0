"""A clock of the machine that jumps by years, while slapd restarts."""

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Figure
from tests.torture.deployment import with_fake_clock
from tests.torture.fault import STALE_USERS, Fault, Trial

_JUMPS: Final = {"+10y": 10, "-50y": -50}
# The breaker of the directory waits up to 30 seconds.
_RECOVERS_SECONDS: Final = 35


def _jump(trial: Trial) -> list[Figure]:
    """Set the clock forward and back; in both cases, slapd's certificate is not valid."""
    deployment = trial.deployment
    for offset, years in _JUMPS.items():
        deployment.clock.set(offset)
        _wait_for_year(trial, datetime.now(UTC).year + years)
        deployment.services.directory.stop()  # New connections check the certificate.
        deployment.services.directory.start()
        time.sleep(trial.seconds / len(_JUMPS))
    deployment.clock.set("+0")
    _wait_for_year(trial, datetime.now(UTC).year)
    return []


def _wait_for_year(trial: Trial, year: int) -> None:
    """Wait until the answers have a date in about this year (RFC 9110 s6.6.1)."""
    end = time.monotonic() + PATIENCE_SECONDS
    url = trial.deployment.server.url
    while (
        abs(
            parsedate_to_datetime(httpx.get(url, timeout=PATIENCE_SECONDS).headers["date"]).year
            - year
        )
        > 1
    ):
        assert time.monotonic() < end
        time.sleep(0.1)


FAULTS = (
    Fault(
        "the clock jumps",
        with_fake_clock,
        _jump,
        STALE_USERS,
        ("profile certificate has expired; renew it", "directory failed"),
        _RECOVERS_SECONDS,
        # libfaketime makes all processes share a lock; `make test` has the attacks with a clock.
        is_long=True,
    ),
)
