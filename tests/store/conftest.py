"""Databases for the tests of the store, on each engine."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.servers.database import Database
from tests.upgraded import file_with_tables
from waypost.database.engine import Engine, open_engine
from waypost.store.sql.migrate import statements_for_empty


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Return the path of the SQLite file of a test."""
    return tmp_path / "waypost.sqlite"


@pytest.fixture(name="bare")
def _bare(database: Database) -> Iterator[Engine]:
    """Yield a database without tables, on each engine in turn."""
    engine = open_engine(database.uri)
    yield engine
    engine.dispose()


@cache
def _tables(dialect: str) -> str:
    """Return the statements of an upgrade; test_migrate checks that they are an upgrade."""
    return statements_for_empty(dialect)


def _create_tables(engine: Engine) -> None:
    """Write a SQLite file with the tables."""
    Path(f"{engine.url.database}").write_bytes(file_with_tables(_tables("sqlite")))


@pytest.fixture(name="engine")
def _engine(bare: Engine, database: Database) -> Engine:
    """Return an upgraded, empty database, on each engine in turn."""
    if database.dialect == "sqlite":
        _create_tables(bare)
    else:
        database.client(_tables(database.dialect))
    return bare


@pytest.fixture(name="sqlite_bare")
def _sqlite_bare(path: Path) -> Iterator[Engine]:
    """Yield a SQLite file without tables, for tests of SQLite alone."""
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture(name="sqlite_engine")
def _sqlite_engine(sqlite_bare: Engine) -> Engine:
    """Return an upgraded, empty SQLite file, for tests of SQLite alone."""
    _create_tables(sqlite_bare)
    return sqlite_bare
