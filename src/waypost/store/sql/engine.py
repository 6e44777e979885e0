"""Opening a database, and turning what a driver complains about into Waypost's own errors."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import QueuePool

from waypost.errors import StoreError, StoreUnavailable

__all__ = ["Connection", "Engine", "mapped_errors", "open_engine", "reading", "writing"]

BUSY_TIMEOUT_SECONDS: Final = 10
_NO_TABLE: Final = re.compile(r"no such (table|column)|does not exist|doesn't exist|unknown column")
# A writer takes its lock at once: a second one waits, instead of failing half-way.
_BEGIN: Final = "waypost_sqlite_begin"
_EXTRAS: Final = {"psycopg": "postgresql", "psycopg2": "postgresql", "pymysql": "mysql"}


def open_engine(db_uri: str, echo: bool = False) -> Engine:
    """Prepare the connections to a database; none is opened yet.

    Args:
        db_uri: as SQLAlchemy writes it. Foreign keys and the write-ahead log are on in SQLite.
        echo: log every SQL statement.

    Raises:
        StoreError: the URI, its driver or the folder of a SQLite file cannot be used; the message
            never holds the password.
    """
    try:
        url = sa.make_url(db_uri)
    except sa.exc.ArgumentError as error:
        raise StoreError("db_uri: this is not a database URI") from error
    options: dict[str, Any] = {"echo": echo}
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and not _file(url):
        # One connection that all threads take in turn, because it is the database.
        options |= {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
        options |= {"connect_args": {"check_same_thread": False}}
    elif is_sqlite:
        _make_folder(url)
    try:
        engine = sa.create_engine(url, **options)
    except sa.exc.NoSuchModuleError as error:
        raise StoreError(f"db_uri: Waypost knows no database {url.drivername!r}") from error
    except ImportError as error:
        raise StoreError(_missing_driver(url, error)) from error
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for single questions; it begins no transaction and takes no lock.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but is not as it must be.
    """
    with mapped_errors(engine), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in one transaction that nobody else writes beside; all of it or nothing.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: it answers, but is not as it must be.
    """
    with mapped_errors(engine), engine.connect() as plain:
        connection = plain.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        with connection.begin():
            yield connection


@contextmanager
def mapped_errors(engine: Engine) -> Iterator[None]:
    """Turn a driver's complaint into an error that says what to do.

    Raises:
        StoreUnavailable: trying again later may help.
        StoreError: the database must be mended first.
    """
    name = engine.url.render_as_string(hide_password=True)
    try:
        yield
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        if _NO_TABLE.search(reason.lower()):
            message = f"{name}: {reason}; run `waypost db upgrade`"
            raise StoreError(message) from error
        # SQLite calls a statement that it cannot run an operational error as well.
        is_statement = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
        is_operational = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
        if is_operational and not is_statement:
            raise StoreUnavailable(f"{name}: {reason}") from error
        raise StoreError(f"{name}: {reason}") from error
    except sa.exc.TimeoutError as error:
        raise StoreUnavailable(f"{name}: all connections are in use") from error


def _file(url: sa.URL) -> str:
    """Give the path of a SQLite file, or nothing for a database in memory."""
    name = url.database or ""
    return "" if name in {"", ":memory:"} or name.startswith("file:") else name


def _make_folder(url: sa.URL) -> None:
    folder = Path(_file(url)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"db_uri: the folder {folder} cannot be made: {error.strerror}"
        raise StoreError(message) from error


def _missing_driver(url: sa.URL, error: ImportError) -> str:
    module = error.name or url.get_driver_name()
    extra = _EXTRAS.get(url.get_driver_name())
    cure = f"pip install 'waypost[{extra}]'" if extra else f"install the Python package {module}"
    return f"db_uri: the driver for {url.drivername} is not installed; {cure}"


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy sends BEGIN itself (`_begin_sqlite`), so that tables change in transactions too.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    with suppress(sqlite3.OperationalError):  # A file that may only be read stays as it is.
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(options.get(_BEGIN, "BEGIN"))
