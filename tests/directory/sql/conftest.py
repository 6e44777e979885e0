"""A mail server's database, on each engine in turn."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.directory.sql.schemas import SCHEMAS
from tests.servers.database import Database
from tests.servers.database_server import PASSWORD
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import DirectoryLimits, Secret, SqlDirectory
from waypost.directory.sql.source import OpenSqlDirectory

QUERY = """
SELECT username AS login, name AS display_name FROM mailbox
WHERE username = :address AND active = '1'
"""
DOMAINS_QUERY = "SELECT 1 FROM domain WHERE domain = :domain AND active = '1'"
ALICE = EmailAddress("alice", DomainName("example.com"))
WRONG = "wr0ng-s3cret"
SLEEP = {
    "postgresql": "SELECT 'a' AS login FROM pg_sleep(20) WHERE :address <> ''",
    "mysql": "SELECT SLEEP(20) AS login FROM mailbox WHERE :address <> ''",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT max(i) AS login FROM n WHERE :address <> ''",
}

Opened = Callable[..., OpenSqlDirectory]


def configured(uri: str | Secret, /, **change: object) -> SqlDirectory:
    """Return a directory with PostfixAdmin's tables, with changed fields."""
    place = Secret(uri) if isinstance(uri, str) else uri
    usual = SqlDirectory("people", place, QUERY, DOMAINS_QUERY)
    return replace(usual, **change)  # type: ignore[arg-type]


def quick(seconds: float = 0.5, **change: int) -> DirectoryLimits:
    """Return short limits for tests."""
    return DirectoryLimits(time_limit_seconds=seconds, connect_timeout_seconds=2, **change)


def said(people: OpenSqlDirectory, address: EmailAddress = ALICE) -> str:
    """Return the error of a failing lookup: one line without a secret."""
    with pytest.raises((DirectoryError, DirectoryUnavailable)) as caught:
        people.find(address)
    text = str(caught.value)
    assert "\n" not in text
    for hidden in (WRONG, PASSWORD, "s3cret", "alice", "db_uri", "waypost db"):
        assert hidden not in text
    return text


@pytest.fixture(name="sqlite")
def _sqlite(tmp_path: Path) -> Path:
    """Return a SQLite file with PostfixAdmin's tables."""
    path = tmp_path / "mail.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(SCHEMAS["postfixadmin"]["sqlite"])
    connection.close()
    return path


@pytest.fixture(name="postfixadmin")
def _postfixadmin(database: Database) -> Database:
    """PostfixAdmin's tables on each engine in turn."""
    database.client(SCHEMAS["postfixadmin"][database.dialect])
    return database


@pytest.fixture(name="opened")
def _opened() -> Iterator[Opened]:
    """Yield a function that opens a directory, which is closed after the test."""
    every: list[OpenSqlDirectory] = []

    def make(uri: str | Secret, /, **change: object) -> OpenSqlDirectory:
        every.append(OpenSqlDirectory(configured(uri, **change)))
        return every[-1]

    yield make
    for one in every:
        one.close()
