"""Opening a database of any engine; reading from it and writing to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import QueuePool

from waypost.database.complaints import mapped_errors
from waypost.database.locking import locked
from waypost.errors import StoreError

__all__ = [
    "Connection",
    "Engine",
    "is_missing_file",
    "open_engine",
    "reading",
    "snapshot",
    "writing",
]

BUSY_TIMEOUT_SECONDS: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 5
# A writer takes its lock at once: a second one waits, instead of failing half-way.
_BEGIN: Final = "waypost_sqlite_begin"
_EXTRAS: Final = {"psycopg": "postgresql", "psycopg2": "postgresql", "pymysql": "mysql"}
# A network that swallows packets is noticed after that time (libpq's options).
_LIBPQ: Final = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# What a driver is told where the URI does not say it.
_CONNECT: Final[dict[str, dict[str, Any]]] = {
    # Poolers between Waypost and PostgreSQL, and upgrades, do not go with prepared statements.
    "psycopg": _LIBPQ | {"prepare_threshold": None},
    "psycopg2": _LIBPQ,
    "pymysql": {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "charset": "utf8mb4"},
}
# Adds to what the server asks for: a text that is too long is refused, and never cut off.
_STRICT: Final = (
    "SET SESSION sql_mode = CONCAT_WS(',', NULLIF(@@SESSION.sql_mode, ''), 'STRICT_ALL_TABLES')"
)


def open_engine(db_uri: str, echo: bool = False) -> Engine:
    """Prepare the connections to a database; none is opened yet.

    Args:
        db_uri: as SQLAlchemy writes it; the driver may be left out. Foreign keys and the
            write-ahead log are on in SQLite. A connection that the server closed is replaced.
        echo: log every SQL statement.

    Raises:
        StoreError: the URI, its driver or the folder of a SQLite file cannot be used; the message
            never holds the password.
    """
    try:
        url = _with_driver(sa.make_url(db_uri))
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError("db_uri: this is not a database URI") from error
    backend = url.get_backend_name()
    options = _sqlite_options(url) if backend == "sqlite" else _server_options(url)
    try:
        engine = sa.create_engine(url, echo=echo, hide_parameters=True, **options)
    except sa.exc.NoSuchModuleError as error:
        raise StoreError(f"db_uri: Waypost knows no database {url.drivername!r}") from error
    except ImportError as error:
        raise StoreError(_missing_driver(url, error)) from error
    if backend == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "do_connect", _connect)
    if backend == "mysql":
        event.listen(engine, "connect", _set_up_mysql)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for single questions; it begins no transaction and takes no lock.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but is not as it must be.
    """
    with mapped_errors(engine.url), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Give a connection for questions that belong together: none sees half of a change.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but is not as it must be.
    """
    with mapped_errors(engine.url), engine.connect() as plain:
        # In SQLite a transaction sees one state anyway.
        wanted = {} if _is_sqlite(engine) else {"isolation_level": "REPEATABLE READ"}
        connection = plain.execution_options(**wanted)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine, wait_seconds: int = BUSY_TIMEOUT_SECONDS) -> Iterator[Connection]:
    """Give a connection in one transaction that no other Waypost writes beside; all or nothing.

    Args:
        engine: the database.
        wait_seconds: how long to wait for another writer; SQLite's writers wait as long as
            `BUSY_TIMEOUT_SECONDS` says.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: it answers, but is not as it must be.
    """
    with mapped_errors(engine.url), engine.connect() as plain:
        options: dict[str, Any] = (
            {_BEGIN: "BEGIN IMMEDIATE"}
            if _is_sqlite(engine)
            else {"isolation_level": "READ COMMITTED"}
        )
        connection = plain.execution_options(**options)
        with locked(connection, wait_seconds):
            yield connection


def is_missing_file(engine: Engine) -> bool:
    """Tell whether opening the database would make a SQLite file."""
    return _is_sqlite(engine) and (file := _file(engine.url)) != "" and not Path(file).exists()


def _is_sqlite(engine: Engine) -> bool:
    return engine.url.get_backend_name() == "sqlite"


def _with_driver(url: sa.URL) -> sa.URL:
    """Name the driver that Waypost comes with where the URI names none; MariaDB is a MySQL."""
    backend, _, driver = url.drivername.partition("+")
    backend = {"mariadb": "mysql", "postgres": "postgresql"}.get(backend, backend)
    if backend == "mysql":
        driver = driver or "pymysql"
    elif backend == "postgresql":
        has_newer = find_spec("psycopg") is not None or find_spec("psycopg2") is None
        driver = driver or ("psycopg" if has_newer else "psycopg2")
    return url.set(drivername=f"{backend}+{driver}" if driver else backend)


def _sqlite_options(url: sa.URL) -> dict[str, Any]:
    if _file(url):
        _make_folder(url)
        return {}
    # One connection that all threads take in turn, because it is the database.
    options: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    return options | {"connect_args": {"check_same_thread": False}}


def _server_options(url: sa.URL) -> dict[str, Any]:
    defaults = _CONNECT.get(url.drivername.partition("+")[2], {})
    return {
        "connect_args": {name: v for name, v in defaults.items() if name not in url.query},
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "pool_timeout": CONNECT_TIMEOUT_SECONDS * 2,
    }


def _connect(dialect: sa.Dialect, _record: object, args: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 -- the driver's own type
    """Connect; what the driver cannot make sense of stands behind the URI's question mark."""
    try:
        return dialect.connect(*args, **options)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        message = f"db_uri: the driver does not take its host or its options: {error}"
        raise StoreError(message) from error


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


def _set_up_mysql(connection: Any, _record: object) -> None:  # noqa: ANN401 -- of any driver
    cursor = connection.cursor()
    cursor.execute(_STRICT)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(options.get(_BEGIN, "BEGIN"))
