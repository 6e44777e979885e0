"""The time of an answer does not say who exists, whatever was asked before (SECURITY.md, 2)."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.directory.telling_apart import GUESSED_MAX, Client, Times, by_turns, flood
from tests.servers.authority import Authority
from tests.servers.slapd import PASSWORD, READER, SUFFIX, Slapd
from tests.servers.waypost import RunningWaypost, waypost

pytestmark = pytest.mark.slow

PAIRS: Final = 100
# A busy machine may spoil a measurement; what can be learned shows in each.
ATTEMPTS: Final = 4
TTL_SECONDS: Final = 4.0
CACHE_SIZE: Final = 2 * PAIRS + 50
USERS: Final = 5000
SERVICES: Final = """
[[provider]]
name = "Example"
domains = ["example.com"]
directory = "people"
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""


def sql(folder: Path) -> str:
    """Return the keys of a directory in a SQLite file, in which login names are addresses."""
    path = folder / "mail.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE mailbox (username TEXT PRIMARY KEY)")
        rows = ((f"person{number}@example.com",) for number in range(USERS))
        database.executemany("INSERT INTO mailbox VALUES (?)", rows)
        database.commit()
    query = "SELECT username AS login FROM mailbox WHERE username = :address"
    return f'kind = "sql"\nuri = "sqlite:///{path}"\nquery = "{query}"'


def file(folder: Path) -> str:
    """Return the keys of a directory in a CSV file, in which login names are addresses."""
    addresses = (f"person{number}@example.com" for number in range(USERS))
    lines = ["address,login", *(f"{address},{address}" for address in addresses)]
    (folder / "users.csv").write_text("\n".join(lines), encoding="utf-8")
    return 'kind = "file"\npath = "users.csv"'


def ldap(server: Slapd, authority: Authority) -> str:
    """Return the keys of a directory in LDAP, in which login names are addresses."""
    place = f'kind = "ldap"\nurls = ["{server.url}"]\nca_file = "{authority.certificate}"'
    bind = f"bind_user = \"{READER}\"\nbind_password = '{PASSWORD}'"
    return f'{place}\n{bind}\nsearch_base = "{SUFFIX}"\nattr_uid = "mail"'


@pytest.fixture(
    name="running",
    params=["sql", "file", pytest.param("ldap", marks=pytest.mark.servers)],
)
def _running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningWaypost]:
    """Run a server whose users are in a directory of each kind."""
    if request.param == "ldap":
        keys = ldap(request.getfixturevalue("server"), request.getfixturevalue("authority"))
    else:
        keys = {"sql": sql, "file": file}[request.param](tmp_path)
    limits = f"ttl_seconds = {TTL_SECONDS}"
    text = f'[[directory]]\nname = "people"\n{limits}\n{keys}\n{SERVICES}'
    (tmp_path / "mail.toml").write_text(text, encoding="utf-8")
    options = ["--directory-cache-size", f"{CACHE_SIZE}"]
    with waypost(tmp_path, tmp_path / "mail.toml", options=options) as running:
        yield running


def test_one_answer_says_nothing(
    running: RunningWaypost, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the time of one answer nobody guesses who exists, be it new, kept, old or pushed out."""
    least: dict[str, Times] = {}
    with Client(running.port) as client:
        by_turns(client, *names(0))
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
    """Ask about the same users in each state that an answer about them may be in."""
    known, unknown = names(attempt)
    yield "new", by_turns(client, known, unknown)
    yield "kept", by_turns(client, known, unknown)
    time.sleep(TTL_SECONDS)
    yield "old", by_turns(client, known, unknown)
    flood(running.port, [f"flood{attempt}-{one}@example.com" for one in range(CACHE_SIZE)])
    yield "pushed out", by_turns(client, known, unknown)


def names(attempt: int) -> tuple[list[str], list[str]]:
    """Return users who exist and invented ones; others in each attempt."""
    numbers = range(attempt * PAIRS, (attempt + 1) * PAIRS)
    return (
        [f"person{number}@example.com" for number in numbers],
        [f"nobody{number}@example.com" for number in numbers],
    )
