"""A fresh database of any engine, for one test."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pytest

from tests.servers.mariadb import MariaDb
from tests.servers.postgresql import PostgreSql
from tests.servers.requirements import require

Dialect = Literal["sqlite", "postgresql", "mysql"]

ENGINES: Final = [
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=pytest.mark.servers),
    pytest.param("mysql", marks=pytest.mark.servers),
]


@dataclass(frozen=True, slots=True)
class Database:
    """One database, empty at first.

    Attributes:
        dialect: whose it is.
        uri: what `db_uri` is set to.
        client: runs statements through the engine's own program; gives what that prints.
    """

    dialect: Dialect
    uri: str
    client: Callable[[str], str]


def sqlite_database(folder: Path) -> Database:
    """Return a SQLite file that is not there yet."""
    path = folder / "waypost.sqlite"

    def client(statements: str) -> str:
        require(programs=["sqlite3"])
        command = ["sqlite3", "-bail", str(path)]
        done = subprocess.run(command, input=statements, text=True, check=True, capture_output=True)
        return done.stdout

    return Database("sqlite", f"sqlite:///{path}", client)


def fresh_database(dialect: str, request: pytest.FixtureRequest, folder: Path) -> Database:
    """Make a database of an engine, on the one server of all tests; SQLite's is in the folder."""
    if dialect == "postgresql":
        return postgresql_database(request.getfixturevalue("postgresql_server"))
    if dialect == "mysql":
        return mysql_database(request.getfixturevalue("mariadb_server"))
    return sqlite_database(folder)


def postgresql_database(server: PostgreSql) -> Database:
    """Make a database of a running PostgreSQL."""
    name = server.fresh()
    # What operators type, they type as the owner of the database.
    return Database("postgresql", server.uri(name), lambda text: server.sql(text, name, "waypost"))


def mysql_database(server: MariaDb) -> Database:
    """Make a database of a running MariaDB."""
    name = server.fresh()
    return Database("mysql", server.uri(name), lambda text: server.sql(text, name))
