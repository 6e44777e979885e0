"""A mail server's database, on each engine in turn."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.directory.sql.schemas import SCHEMAS
from tests.servers.database import Database
from waypost.directory.sql.source import OpenSqlDirectory
from waypost.model import Limits, Secret, SqlDirectory

QUERY = """
SELECT username AS login, name AS display_name FROM mailbox
WHERE username = :address AND active = '1'
"""
DOMAINS_QUERY = "SELECT 1 FROM domain WHERE domain = :domain AND active = '1'"

Opened = Callable[..., OpenSqlDirectory]


def configured(uri: str | Secret, /, **change: object) -> SqlDirectory:
    """Describe a directory with PostfixAdmin's tables, changed as told."""
    place = Secret(uri) if isinstance(uri, str) else uri
    usual = SqlDirectory("people", place, QUERY, DOMAINS_QUERY)
    return replace(usual, **change)  # type: ignore[arg-type]


def quick(seconds: float = 0.5, **change: int) -> Limits:
    """Give limits that let a test wait no longer."""
    return Limits(time_limit_seconds=seconds, connect_timeout_seconds=2, **change)


@pytest.fixture(name="postfixadmin")
def _postfixadmin(database: Database) -> Database:
    """PostfixAdmin's tables on each engine in turn."""
    database.client(SCHEMAS["postfixadmin"][database.dialect])
    return database


@pytest.fixture(name="opened")
def _opened() -> Iterator[Opened]:
    """Give a function that opens a directory, which is closed after the test."""
    every: list[OpenSqlDirectory] = []

    def make(uri: str | Secret, /, **change: object) -> OpenSqlDirectory:
        every.append(OpenSqlDirectory(configured(uri, **change)))
        return every[-1]

    yield make
    for one in every:
        one.close()
