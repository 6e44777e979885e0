"""A SQLite file that another one replaces while it is in use."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from waypost.core.errors import StoreError
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.database.statement import CompiledStatement, fetch_rows

VALUE: sa.Select[str] = sa.select(sa.column("value", sa.Text)).select_from(sa.table("one"))


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Return the path of a database with the value `old`."""
    path = tmp_path / "mail.sqlite"
    _make(path, "old")
    return path


@pytest.fixture(name="engine")
def _engine(path: Path) -> Iterator[Engine]:
    """Yield an engine that has read the database."""
    engine = open_engine(f"sqlite:///{path}")
    assert _value(engine) == "old"
    yield engine
    engine.dispose()


def _make(path: Path, value: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE one (value TEXT)")
        database.execute("INSERT INTO one VALUES (?)", (value,))


def _value(engine: Engine) -> str:
    ((value,),) = fetch_rows(engine, CompiledStatement.compile(VALUE, engine), {})
    return str(value)


def test_replaced_file_is_read(engine: Engine, path: Path) -> None:
    """After a rename, each way to read reads the new file, and keeps its connection to it."""
    new = path.with_name("new.sqlite")
    _make(new, "new")
    new.replace(path)
    assert _value(engine) == "new"
    with read_connection(engine) as connection:
        assert connection.scalar(VALUE) == "new"
        first = connection.connection.dbapi_connection
    with read_connection(engine) as connection:
        assert connection.connection.dbapi_connection is first


def test_changed_file_keeps_its_connection(engine: Engine, path: Path) -> None:
    """A change of the content is no new file."""
    with read_connection(engine) as connection:
        first = connection.connection.dbapi_connection
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE one SET value = 'changed'")
    assert _value(engine) == "changed"
    with read_connection(engine) as connection:
        assert connection.connection.dbapi_connection is first


def test_file_is_back(engine: Engine, path: Path) -> None:
    """A file that was missing for a while is read again, and is not created meanwhile."""
    away = path.rename(path.with_name("away.sqlite"))
    with pytest.raises(StoreError, match="there is no database file"):
        _value(engine)
    assert not path.exists()
    copy = shutil.copy(away, path.with_name("copy.sqlite"))
    Path(copy).replace(path)
    assert _value(engine) == "old"


def test_new_file(tmp_path: Path) -> None:
    """A file that the first writer creates is used by the next connections."""
    engine = open_engine(f"sqlite:///{tmp_path / 'created.sqlite'}")
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE one (value TEXT)"))
        connection.execute(sa.text("INSERT INTO one VALUES ('created')"))
    assert _value(engine) == "created"
    engine.dispose()


def test_old_log_is_refused(engine: Engine, path: Path) -> None:
    """A file next to the write-ahead log of the file before is not read: it would be a mixture."""
    with write_transaction(engine) as connection:
        connection.execute(sa.text("UPDATE one SET value = 'in the log'"))
    log = path.with_name(f"{path.name}-wal")
    assert log.stat().st_size
    new = path.with_name("new.sqlite")
    _make(new, "new")
    # Both belong to another process, so that closing the connections does not remove them.
    kept = shutil.copy(log, path.with_name("kept"))
    new.replace(path)
    Path(kept).replace(log)
    os.utime(log, (0, 0))
    for _ in range(2):
        with pytest.raises(StoreError, match=r"mail\.sqlite-wal belongs to the file before"):
            _value(engine)
    for suffix in ("-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink()
    assert _value(engine) == "new"
