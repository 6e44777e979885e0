"""A DNS server that does not answer, while PostgreSQL and slapd close their connections."""

import time

from tests.torture.attack import Figure
from tests.torture.deployment import with_database
from tests.torture.fault import STALE_DOMAINS, STALE_USERS, Fault, Trial


def _hang(trial: Trial) -> list[Figure]:
    services = trial.deployment.services
    before = services.names.questions
    with services.names.hanging():
        for server in (services.database, services.directory):
            server.stop()
            server.start()
        time.sleep(trial.seconds)
    asked = services.names.questions - before
    return [Figure("questions without an answer", asked, "", 2, at_least=True)]


FAULTS = (
    Fault(
        "DNS does not answer",
        with_database,
        _hang,
        {**STALE_DOMAINS, **STALE_USERS},
        ("store failed", "directory failed"),
        35,
    ),
)
