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
        dialect: the engine's dialect.
        uri: the value of `db_uri`.
        client: runs statements with the engine's own program, and returns its output.
    """

    dialect: Dialect
    uri: str
    client: Callable[[str], str]


def sqlite_database(folder: Path) -> Database:
    """Return a SQLite file that does not exist yet."""
    path = folder / "waypost.sqlite"

    def client(statements: str) -> str:
        require(programs=["sqlite3"])
        command = ["sqlite3", "-bail", str(path)]
        done = subprocess.run(command, input=statements, text=True, check=True, capture_output=True)
        return done.stdout

    return Database("sqlite", f"sqlite:///{path}", client)


def fresh_database(dialect: str, request: pytest.FixtureRequest, folder: Path) -> Database:
    """Create a database of an engine, on the server of all tests; for SQLite in the folder."""
    if dialect == "postgresql":
        return postgresql_database(request.getfixturevalue("postgresql_server"))
    if dialect == "mysql":
        return mysql_database(request.getfixturevalue("mariadb_server"))
    return sqlite_database(folder)


def postgresql_database(server: PostgreSql) -> Database:
    """Create a database on a running PostgreSQL."""
    name = server.fresh()
    # Operators run statements as the owner of the database.
    return Database("postgresql", server.uri(name), lambda text: server.sql(text, name, "waypost"))


def mysql_database(server: MariaDb) -> Database:
    """Create a database on a running MariaDB."""
    name = server.fresh()
    return Database("mysql", server.uri(name), lambda text: server.sql(text, name))
