"""A machine clock that jumps by years in both directions while Waypost serves."""

import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from tests.servers.forked import run_waypost
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.waypost import SOURCE
from tests.torture.attack import Attack, Figure
from tests.torture.companion import Companion
from tests.torture.fake_clock import clock_of, fake_clock
from tests.torture.server import Server
from tests.torture.waiting import seconds_until

JUMPS = ("-50y", "+10y", "+0")
SEEN_SECONDS = 4.0
LATE = "the store did not answer in time"
PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com"]
services = [{ type = "imap", host = "HOST" }, { type = "smtp", host = "smtp.example.com" }]
"""


@contextmanager
def _companion(folder: Path) -> Iterator[Companion]:
    clock = fake_clock(folder)
    (folder / "mail.toml").write_text(PROVIDERS.replace("HOST", _host(0)), encoding="utf-8")
    environment = {"WAYPOST_DB_URI": f"sqlite:///{folder}/waypost.sqlite"}
    for command in (["db", "upgrade"], ["apply", f"{folder}/mail.toml"]):
        kept = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}"}
        run_waypost(*command, environment=kept | environment, check=True)
    yield Companion(environment | dict(clock.environment))


def _host(number: int) -> str:
    return f"imap{number}.example.com"


def _change_row(folder: Path, number: int) -> None:
    with closing(sqlite3.connect(folder / "waypost.sqlite")) as database, database:
        update = "UPDATE server SET name = ? WHERE type = 'imap'"
        database.execute(update, (_host(number),))


def _change_file(folder: Path, number: int) -> None:
    """Replace the file with another one of the same length, older or newer than the one before."""
    new = folder / "mail.new"
    new.write_text(PROVIDERS.replace("HOST", _host(number)), encoding="utf-8")
    moment = time.time() + (-1) ** number * number * 365 * 24 * 3600
    os.utime(new, (moment, moment))
    new.replace(folder / "mail.toml")


def _until_seen(server: Server, number: int) -> float:
    """Return the seconds until a change is visible in the answers."""
    url = f"{server.url}/mail/config-v1.1.xml?emailaddress=alice@example.com"
    host = _host(number).encode()
    return seconds_until(lambda: host in httpx.get(url, timeout=PATIENCE_SECONDS).content)


def _wait_for_the_past(server: Server) -> None:
    """Wait until the answers have an old date (RFC 9110 s6.6.1), so the clock has changed."""

    def is_old() -> bool:
        date = httpx.get(server.url, timeout=PATIENCE_SECONDS).headers["date"]
        return parsedate_to_datetime(date).year < 2000

    assert seconds_until(is_old, pause=0.1) < math.inf


def _jumping(change: Callable[[Path, int], None]) -> Callable[[Server], list[Figure]]:
    def jump(server: Server) -> list[Figure]:
        slowest = 0.0
        for number, offset in enumerate(JUMPS, start=1):
            clock_of(server.folder).set(offset)
            time.sleep(2.2)  # It is checked once in more than a second.
            change(server.folder, number)
            if offset == JUMPS[0]:
                _wait_for_the_past(server)
            slowest = max(slowest, _until_seen(server, number))
        clock_of(server.folder).set(JUMPS[0])  # for the rest of the run
        errors = [line for line in server.log_text().splitlines() if '"level": "error"' in line]
        late = sum(LATE in line for line in errors)
        return [
            Figure("until a change is answered", slowest, "s", SEEN_SECONDS),
            Figure("late answers of the database in the log", late, "", 1, is_timing=True),
            Figure("other errors in the log", len(errors) - late, "", 0),
        ]

    return jump


ATTACKS = (
    Attack(
        "clock jumps with a database",
        "operation",
        _jumping(_change_row),
        workers=(1,),
        options=("--cache-ttl", "1"),
        companion=_companion,
    ),
    Attack(
        "clock jumps with a providers file",
        "operation",
        _jumping(_change_file),
        workers=(2,),
        options=("--providers", "mail.toml"),
        companion=_companion,
    ),
)
