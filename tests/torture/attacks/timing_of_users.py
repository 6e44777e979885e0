"""A stranger who measures how long answers take, to find out which users exist."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.directory.distinguishing import Client, Times, by_turns, flood
from tests.directory.equal_logins import csv_directory, names, providers, sqlite_directory
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server

PAIRS: Final = 50
# Other work on the machine may disturb a measurement; a real difference shows in each.
ATTEMPTS: Final = 3
TTL_SECONDS: Final = 2.0
CACHE_SIZE: Final = 2 * PAIRS + 20
# Half of the guesses are right by chance; of 100 guesses, more are in fewer than 1 of 10,000 runs.
GUESSED_MAX: Final = 0.7
DOMAINS: Final = {"example.com": "SQL", "example.org": "file"}


def _prepare(folder: Path) -> None:
    keys = {
        "example.com": sqlite_directory(folder, "example.com"),
        "example.org": csv_directory(folder, "example.org"),
    }
    limits = f"ttl_seconds = {TTL_SECONDS}"
    providers(folder, {domain: f"{one}\n{limits}" for domain, one in keys.items()})


def _guess(server: Server) -> list[Figure]:
    return [
        Figure(f"right guesses, {kind}, {state}", guessed, "", GUESSED_MAX)
        for domain, kind in DOMAINS.items()
        for state, guessed in _least(server.port, domain).items()
    ]


def _least(port: int, domain: str) -> dict[str, float]:
    """Return the fraction of right guesses for each state of the cache, of the best attempt."""
    least: dict[str, float] = {}
    for attempt in range(ATTEMPTS):
        for state, times in _measured(port, domain, attempt):
            least[state] = min(times.guessed, least.get(state, 1.0))
        if all(guessed <= GUESSED_MAX for guessed in least.values()):
            break
    return least


def _measured(port: int, domain: str, attempt: int) -> Iterator[tuple[str, Times]]:
    """Request users in each state of the cache; other users in each attempt."""
    known, unknown = names(attempt, PAIRS, domain)
    with Client(port) as client:
        flood(port, known)
        yield "known ones were asked for", by_turns(client, known, unknown)
        yield "answers are kept", by_turns(client, known, unknown)
        time.sleep(TTL_SECONDS)
        yield "answers are old", by_turns(client, known, unknown)
        flood(port, [f"flood{attempt}-{number}@{domain}" for number in range(CACHE_SIZE)])
        yield "answers were pushed out", by_turns(client, known, unknown)


OPTIONS: Final = ("--providers", "mail.toml", "--directory-cache-size", f"{CACHE_SIZE}")
ATTACKS = (
    # Each worker has its own cache; a connection stays with one of them.
    Attack("timing of users", "2", _guess, workers=(1,), options=OPTIONS, prepare=_prepare),
)
