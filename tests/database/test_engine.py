"""Engines: URIs that cannot be used, missing files, snapshots and the lock of writers."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from waypost.core.errors import StoreError
from waypost.database.engine import (
    Engine,
    is_missing_file,
    missing_file,
    open_engine,
    read_connection,
    read_snapshot,
    refuse_other_owner,
    write_transaction,
)

BAD_URIS = [
    # the URI, a part of the message
    ("nothing", "is not a database URI; in a password write %40 for @"),
    ("oracle://db.example/mail", "the driver for oracle is not installed"),
    ("nosuch://db.example/mail", "Waypost does not support 'nosuch'"),
    ("sqlite://db.example/mail.sqlite", "write a SQLite file with four slashes"),
    ("sqlite:////tmp/a%00b", "contains a NUL character"),
    (f"sqlite:////tmp/{'a' * 256}", "the path of the database is too long"),
]
COUNT = sa.text("SELECT count(*) FROM numbers")
INSERT = sa.text("INSERT INTO numbers VALUES (1)")


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Return the path of a SQLite file in a folder that does not exist yet."""
    return tmp_path / "new" / "mail.sqlite"


@pytest.fixture(name="engine")
def _engine(path: Path) -> Iterator[Engine]:
    """Yield an engine for the SQLite file."""
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("uri", "message"), BAD_URIS)
def test_bad_uris(uri: str, message: str) -> None:
    """A URI that cannot be used is refused, and the message says why."""
    with pytest.raises(StoreError, match=r"^db_uri: ") as caught:
        open_engine(uri)
    assert message in str(caught.value)


def test_bad_uris_do_not_show_passwords() -> None:
    """The message about a bad URI does not contain the password."""
    with pytest.raises(StoreError) as caught:
        open_engine("postgresql://alice:hunter2@db.example:port/mail")
    assert "hunter2" not in str(caught.value)


def test_missing_files_are_not_created_by_reading(engine: Engine, path: Path) -> None:
    """A file that does not exist is refused for reading, and reading creates nothing."""
    assert is_missing_file(engine)
    assert missing_file(engine) == path
    for read in (read_connection, read_snapshot):
        with pytest.raises(StoreError, match="there is no database file"), read(engine):
            pass
    assert not path.parent.exists()


def test_writing_creates_the_file(engine: Engine, path: Path) -> None:
    """The first write creates the folder and the file, which can then be read."""
    refuse_other_owner(engine)
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
    assert path.exists()
    assert missing_file(engine) is None
    with read_connection(engine) as connection:
        assert connection.scalar(COUNT) == 0


def test_databases_in_memory_have_no_file() -> None:
    """A database in memory is never missing, and all threads use its one connection."""
    engine = open_engine("sqlite://")
    assert missing_file(engine) is None
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
    with read_connection(engine) as connection:
        assert connection.scalar(COUNT) == 0
    engine.dispose()


def test_snapshots_see_one_state(engine: Engine, path: Path) -> None:
    """Queries of one snapshot see the same state, even if another process writes in between."""
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
    with read_snapshot(engine) as connection, closing(sqlite3.connect(path)) as other:
        before = connection.scalar(COUNT)
        other.execute("INSERT INTO numbers VALUES (1)")
        other.commit()
        assert (before, connection.scalar(COUNT)) == (0, 0)
    with read_connection(engine) as connection:
        assert connection.scalar(COUNT) == 1


def test_one_writer_at_a_time(engine: Engine, path: Path) -> None:
    """A write transaction has the lock from its beginning, before it changes anything."""
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
    with (
        write_transaction(engine),
        closing(sqlite3.connect(path, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="database is locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_failed_transactions_change_nothing(engine: Engine) -> None:
    """An exception in a write transaction undoes all its changes, also those of tables."""
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))

    def write() -> None:
        with write_transaction(engine) as connection:
            connection.execute(INSERT)
            connection.execute(sa.text("CREATE TABLE others (number INTEGER)"))
            raise KeyError

    with pytest.raises(KeyError):
        write()
    with read_connection(engine) as connection:
        assert connection.scalar(COUNT) == 0
        assert sa.inspect(connection).get_table_names() == ["numbers"]
