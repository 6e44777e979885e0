"""Upgraded, empty SQLite files without an upgrade for each test."""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from waypost.database.engine import Engine, open_engine
from waypost.store.sql.migrate import upgrade


def upgraded_engine(path: Path) -> Engine:
    """Write an upgraded SQLite file without rows, and open it."""
    path.write_bytes(_content())
    return open_engine(f"sqlite:///{path}")


@cache
def file_with_tables(statements: str) -> bytes:
    """Return the content of a SQLite file in which only these statements ran."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(statements)
        return connection.serialize()


@cache
def _content() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "waypost.sqlite"
        engine = open_engine(f"sqlite:///{path}")
        upgrade(engine)
        engine.dispose()
        return path.read_bytes()
