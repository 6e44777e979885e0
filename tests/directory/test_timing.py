"""The time of an answer does not reveal who exists, in any cache state (SECURITY.md, 2)."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.directory.distinguishing import GUESSED_MAX, Client, Times, by_turns, flood
from tests.directory.equal_logins import (
    csv_directory,
    ldap_directory,
    names,
    providers,
    sqlite_directory,
)
from tests.servers.waypost import RunningWaypost, waypost

pytestmark = pytest.mark.slow

PAIRS: Final = 100
# A busy machine may disturb a measurement; a real difference shows in each.
ATTEMPTS: Final = 4
TTL_SECONDS: Final = 4.0
CACHE_SIZE: Final = 2 * PAIRS + 50


@pytest.fixture(
    name="running",
    params=["sql", "file", pytest.param("ldap", marks=pytest.mark.servers)],
)
def _running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningWaypost]:
    """Run a server with one directory of each kind."""
    if request.param == "ldap":
        keys = ldap_directory(*map(request.getfixturevalue, ("server", "authority")))
    else:
        write = {"sql": sqlite_directory, "file": csv_directory}[request.param]
        keys = write(tmp_path, "example.com")
    path = providers(tmp_path, {"example.com": f"{keys}\nttl_seconds = {TTL_SECONDS}"})
    options = ["--directory-cache-size", f"{CACHE_SIZE}"]
    with waypost(tmp_path, path, options=options) as running:
        yield running


def test_one_answer_says_nothing(
    running: RunningWaypost, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guesses from single answers fail, if the answer is new, cached, expired or evicted."""
    least: dict[str, Times] = {}
    with Client(running.port) as client:
        by_turns(client, *names(0, PAIRS))
        for attempt in range(1, ATTEMPTS + 1):
            for state, times in measured(running, client, attempt):
                if state not in least or times.guessed < least[state].guessed:
                    least[state] = times
            if all(times.guessed <= GUESSED_MAX for times in least.values()):
                break

    with capsys.disabled():
        print("", *(f"{state}: {times}" for state, times in least.items()), sep="\n  ")  # noqa: T201
    assert {state for state, times in least.items() if times.guessed > GUESSED_MAX} == set()


def measured(running: RunningWaypost, client: Client, attempt: int) -> Iterator[tuple[str, Times]]:
    """Send requests about the same users in each cache state of their answers."""
    yield "new", by_turns(client, *names(2 * attempt - 1, PAIRS))
    known, unknown = names(2 * attempt, PAIRS)
    flood(running.port, known)
    yield "known ones were asked for", by_turns(client, known, unknown)
    yield "kept", by_turns(client, known, unknown)
    time.sleep(TTL_SECONDS)
    yield "old", by_turns(client, known, unknown)
    flood(running.port, [f"flood{attempt}-{one}@example.com" for one in range(CACHE_SIZE)])
    yield "pushed out", by_turns(client, known, unknown)
