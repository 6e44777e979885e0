"""Set up connections to SQLite: files that others cannot read, locks, read-only files."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from waypost.core.errors import StoreError
from waypost.database.ownership import check_name, file_of_uri
from waypost.database.read_only import read_only_uri
from waypost.database.replaced_file import ReplacedFileCheck

BUSY_TIMEOUT_SECONDS: Final = 10
# A writer takes its lock when it begins, so that a second one waits and does not fail half-way.
BEGIN: Final = "waypost_sqlite_begin"
_READ_ONLY: Final = "waypost_read_only"
_MEMORY: Final = ":memory:"
_FILE_MODE: Final = 0o640
_SMALL_CACHE_KIB: Final = 256


def sqlite_file(url: sa.URL) -> str:
    """Return the path of a SQLite file, or an empty text for a database in memory."""
    name = url.database or ""
    if name.startswith("file:"):
        return file_of_uri(name, url.query)
    return "" if name == _MEMORY else name


def sqlite_options(url: sa.URL) -> dict[str, Any]:
    """Return the arguments of `create_engine` for a SQLite file, or for a database in memory."""
    if sqlite_file(url):
        return {}
    # One connection for all threads in turn, because the database exists only in it.
    options: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    return options | {"connect_args": {"check_same_thread": False}}


def listen_sqlite(engine: Engine, url: sa.URL, *, small_cache: bool) -> None:
    """Prepare each new connection of an engine to SQLite.

    Args:
        engine: has no connection yet.
        url: names the file.
        small_cache: let each connection keep 256 KiB of the file instead of 2 MB.

    Raises:
        StoreError: the name is not one of a SQLite file.
    """
    name = sqlite_file(url)
    check_name(name)
    if name:
        ReplacedFileCheck(engine, Path(name).absolute())
    event.listen(engine, "do_connect", _prepare_file)
    event.listen(engine, "connect", _set_up)
    if small_cache:
        event.listen(engine, "connect", _limit_cache)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkin", _close_read_only)


def _prepare_file(
    _dialect: sa.Dialect, record: ConnectionPoolEntry, args: list[Any], options: dict[str, Any]
) -> None:
    """Create the folder of a SQLite file, or open it read-only; SQLAlchemy connects afterwards."""
    name = str(args[0])
    if name.startswith("file:") and "mode=ro" in name:
        return  # SQLite's own URI for reading only: the file must exist.
    path = Path(file_of_uri(name, {}) or name)
    if not name.startswith("file:") and name != _MEMORY:
        uri = read_only_uri(path.absolute())
        record.info[_READ_ONLY] = uri is not None
        if uri is not None:
            args[0], options["uri"] = uri, True
            return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"db_uri: the folder {path.parent} cannot be created: {error.strerror}"
        raise StoreError(message) from error
    if name != _MEMORY and not name.startswith("file:"):
        _create_private_file(path)


def _create_private_file(path: Path) -> None:
    """Create an empty SQLite file that others cannot read, unless there is one.

    It may get passwords of directories. SQLite itself would create it with the usual umask, and
    gives its own files next to it the same mode. If it cannot be created, SQLite says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _FILE_MODE))


def _close_read_only(_connection: object, record: ConnectionPoolEntry) -> None:
    """Close a read-only file after each use, because it may change before the next."""
    if record.info.get(_READ_ONLY):
        record.invalidate()


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy sends BEGIN itself (`_begin`), so that tables change in transactions too.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    with suppress(sqlite3.OperationalError):  # A read-only file keeps its mode.
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _limit_cache(connection: sqlite3.Connection, _record: object) -> None:
    # A negative number is in KiB.
    connection.execute(f"PRAGMA cache_size = -{_SMALL_CACHE_KIB}").close()


def _begin(connection: Connection) -> None:
    if begin := connection.get_execution_options().get(BEGIN, "BEGIN"):
        connection.exec_driver_sql(begin)
