"""A MariaDB that dies, hangs, is full, is locked, and loses a table, under load."""

import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers.forked import run_waypost
from tests.servers.frozen import frozen
from tests.servers.mariadb import MariaDb, mariadb
from tests.servers.waypost import SOURCE
from tests.torture.attack import Attack, Figure
from tests.torture.companion import Companion
from tests.torture.loads import AUTOCONFIG, crowd
from tests.torture.server import Server, ask
from tests.torture.stuck_relay import StuckRelay, stuck_relay
from tests.torture.waiting import seconds_until

LASTS_SECONDS = 2.5
HEALED_SECONDS = 15.0
# MariaDB allows no smaller limit; its administrator may connect once more.
CONNECTIONS_MIN = 10
HUGE_BYTES = 8_000_000


@dataclass
class Database:
    """A database of a MariaDB, behind a relay."""

    server: MariaDb
    name: str
    relay: StuckRelay

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self.server.pid

    def start(self) -> None:
        """Start the server."""
        self.server.start()

    def kill(self) -> None:
        """Kill the server as a crash would."""
        self.server.kill()

    def sql(self, text: str) -> str:
        """Run statements as its administrator."""
        return self.server.sql(text, self.name)


@contextmanager
def _companion(_folder: Path) -> Iterator[Companion]:
    with mariadb() as server, stuck_relay(server.port) as relay:
        name = server.fresh()
        uri = server.tcp_uri(name).replace(f":{server.port}/", f":{relay.port}/")
        environment = {"WAYPOST_DB_URI": uri}
        for command in (["db", "upgrade"], ["apply", "--demo"]):
            kept = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}"}
            run_waypost(*command, environment=kept | environment, check=True)
        yield Companion(environment, Database(server, name, relay))


def _database(server: Server) -> Database:
    assert isinstance(server.companion.crashing, Database)
    return server.companion.crashing


@contextmanager
def _killed(database: Database) -> Iterator[None]:
    database.kill()
    try:
        yield
    finally:
        database.start()


@contextmanager
def _hanging(database: Database) -> Iterator[None]:
    with frozen(database.pid):
        yield


@contextmanager
def _stuck(database: Database) -> Iterator[None]:
    with frozen(database.pid):
        time.sleep(1)  # so that each thread of Waypost waits for an answer
        database.relay.stick()
    yield


@contextmanager
def _session(database: Database, statements: str = "SELECT 1") -> Iterator[None]:
    """Keep a session open that has run some statements, while `with` lasts."""
    command = [*database.server.client(), "--batch", "-N", "--unbuffered", database.name]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            client.stdin.write(f"{statements}; SELECT 1;\n".encode())
            client.stdin.flush()
            client.stdout.readline()
            yield
        finally:
            client.stdin.close()


@contextmanager
def _locked(database: Database) -> Iterator[None]:
    with _session(database, "LOCK TABLES domain WRITE, provider WRITE"):
        yield


@contextmanager
def _without_a_table(database: Database) -> Iterator[None]:
    database.sql("RENAME TABLE domain TO domain_away")
    try:
        yield
    finally:
        database.sql("DROP TABLE IF EXISTS domain; RENAME TABLE domain_away TO domain")


@contextmanager
def _full(database: Database) -> Iterator[None]:
    """Use all connections that the server allows, and end those of Waypost."""
    before = database.sql("SELECT @@max_connections").strip()
    users = "SELECT id FROM information_schema.processlist WHERE user = 'waypost'"
    kills = "".join(f"KILL {number};\n" for number in database.sql(users).split())
    # One session from before: later the administrator may find no free connection either.
    command = [*database.server.client(), "--batch", "-N", "--force", database.name]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as client,
        ExitStack() as held,
    ):
        assert client.stdin is not None
        client.stdin.write(f"SET GLOBAL max_connections = {CONNECTIONS_MIN};\n{kills}".encode())
        client.stdin.flush()
        try:
            with suppress(BrokenPipeError):
                for _ in range(CONNECTIONS_MIN):
                    held.enter_context(_session(database))
            yield
        finally:
            client.stdin.write(f"SET GLOBAL max_connections = {before};\n".encode())
            client.stdin.close()


FAULTS: tuple[tuple[str, Callable[[Database], AbstractContextManager[None]]], ...] = (
    ("killed", _killed),
    ("hanging", _hanging),
    ("locked tables", _locked),
    ("a lost table", _without_a_table),
    ("no free connection", _full),
    ("stuck connections", _stuck),
)


def _until_answers(server: Server, number: int) -> float:
    """Return the seconds until a domain that is in no cache is answered from the database."""

    def is_answered() -> bool:
        with suppress(OSError, http.client.HTTPException):
            return ask(server.port, f"{AUTOCONFIG}a@n{number}.never.example") == 404
        return False

    return seconds_until(is_answered)


def _break(server: Server) -> list[Figure]:
    database = _database(server)
    figures = []
    with crowd(server, lambda number: f"a@d{number}.invented.example"):
        for number, (name, fault) in enumerate(FAULTS):
            with fault(database):
                time.sleep(LASTS_SECONDS)
            seconds = _until_answers(server, number)
            figures.append(Figure(f"until it is asked again: {name}", seconds, "s", HEALED_SECONDS))
    return [*figures, _huge_row(server)]


def _huge_row(server: Server) -> Figure:
    """Make each row of a provider some MB long; the other rows stay as they are."""
    before = server.memory()
    value = f"JSON_OBJECT('x', REPEAT('y', {HUGE_BYTES}))"
    _database(server).sql(f"UPDATE provider SET pages = {value}")  # noqa: S608 -- a number alone
    end = time.monotonic() + LASTS_SECONDS
    peak = before
    while time.monotonic() < end:
        peak = max(peak, server.memory())
        time.sleep(0.1)
    return Figure("memory for rows of 8 MB", peak - before, "MB", 150)


ATTACKS = (
    Attack(
        "a MariaDB that fails in each way",
        "operation",
        _break,
        options=("--cache-ttl", "1"),
        companion=_companion,
    ),
)
