"""Read-only connections with time limits."""

import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from waypost.core.errors import DirectoryError
from waypost.core.model import DirectoryLimits, SqlDirectory
from waypost.database.drivers import connect_options, driver_fix
from waypost.directory.sql.errors import SqlMessage, first_safe_line
from waypost.directory.sql.uri import read_url
from waypost.directory.sql.watchdog import shut_down_after

# How many instructions of SQLite's virtual machine run between two checks of the clock.
_SQLITE_STEPS: Final = 10_000
# How long the client waits after the server's own limit.
_GRACE_SECONDS: Final = 1.0


def open_read_only_engine(directory: SqlDirectory) -> Engine:
    """Create a pool of `max_searches` connections; none is opened yet.

    Raises:
        DirectoryError: the URI or its driver cannot be used.
    """
    url, label = read_url(directory), directory.label
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise DirectoryError(SqlMessage.NOT_A_FILE.for_directory(label))
    try:
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            poolclass=QueuePool,
            pool_size=directory.limits.max_searches,
            max_overflow=0,
            pool_timeout=directory.limits.time_limit_seconds,
            pool_recycle=1800,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
        )
    except sa.exc.NoSuchModuleError as error:
        raise DirectoryError(
            SqlMessage.UNKNOWN_KIND.for_directory(label, name=url.drivername)
        ) from error
    except sa.exc.ArgumentError as error:  # SQLite with a host.
        raise DirectoryError(SqlMessage.NOT_A_FILE.for_directory(label)) from error
    except ImportError as error:
        fix = driver_fix(url, error)
        message = SqlMessage.NO_DRIVER.for_directory(label, driver=url.drivername, fix=fix)
        raise DirectoryError(message) from error
    except (TypeError, ValueError) as error:
        reason = first_safe_line(str(error), url)
        raise DirectoryError(
            SqlMessage.DRIVER_OPTIONS.for_directory(label, reason=reason)
        ) from error
    event.listen(engine, "do_connect", _make_connect(directory))
    if backend == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    elif backend == "mysql":
        event.listen(engine, "connect", _mysql_set_up(directory.limits))
    elif backend == "postgresql":
        event.listen(engine, "checkout", _ping_before_use(engine, directory.limits))
    return engine


@contextmanager
def query_connection(engine: Engine, limits: DirectoryLimits) -> Iterator[Connection]:
    """Yield a read-only connection for one query, with the time limit of the directory."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            with _postgresql_transaction(connection, limits):
                yield connection
        elif connection.dialect.name == "sqlite":
            with _sqlite_deadline(connection, limits):
                yield connection
        else:
            yield connection


def is_read_only(connection: Connection) -> bool:
    """Return whether the database reports that the connection is read-only."""
    if connection.dialect.name == "sqlite":
        return bool(connection.exec_driver_sql("PRAGMA query_only").scalar())
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    # MySQL 8 and MariaDB 11 have the longer name, earlier MariaDB only the shorter one.
    names = "'tx_read_only', 'transaction_read_only'"
    variables = connection.exec_driver_sql(f"SHOW VARIABLES WHERE Variable_name IN ({names})")
    return "ON" in {row[1] for row in variables}


@contextmanager
def _postgresql_transaction(connection: Connection, limits: DirectoryLimits) -> Iterator[None]:
    # All in the transaction: afterwards, a connection pooler gives the session to other clients.
    milliseconds = math.ceil(limits.time_limit_seconds * 1000)
    begin = f"BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}"
    driver = connection.connection.dbapi_connection
    with shut_down_after(driver, limits.time_limit_seconds + _GRACE_SECONDS):
        connection.exec_driver_sql(begin, execution_options={"no_parameters": True})
        try:
            yield
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql("ROLLBACK")


@contextmanager
def _sqlite_deadline(connection: Connection, limits: DirectoryLimits) -> Iterator[None]:
    driver = connection.connection.dbapi_connection
    deadline = time.monotonic() + limits.time_limit_seconds
    if isinstance(driver, sqlite3.Connection):
        driver.set_progress_handler(lambda: time.monotonic() > deadline, _SQLITE_STEPS)
    try:
        yield
    finally:
        if isinstance(driver, sqlite3.Connection):
            driver.set_progress_handler(None, 0)


def _ping_before_use(engine: Engine, limits: DirectoryLimits) -> Callable[..., None]:
    """Return a check of idle connections, like SQLAlchemy's own "pre ping".

    Unlike the pre ping, this check has a time limit if the server hangs.
    """

    def check(driver: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401 -- of any driver
        if not record.info.setdefault("waypost_used", False):
            record.info["waypost_used"] = True
            return
        try:
            with shut_down_after(driver, limits.connect_timeout_seconds):
                engine.dialect.do_ping(driver)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError from error

    return check


def _make_connect(directory: SqlDirectory) -> Callable[..., Any]:
    def connect(dialect: sa.Dialect, _record: object, _args: object, _options: object) -> Any:  # noqa: ANN401 -- the driver's own type
        # The password in the file or the variable may have changed.
        url = read_url(directory)
        try:
            args, options = dialect.create_connect_args(url)
            driver_args, driver_kwargs = _arguments(
                url, list(args), dict(options), directory.limits
            )
            return dialect.connect(*driver_args, **driver_kwargs)
        except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as error:
            reason = first_safe_line(str(error), url)
            message = SqlMessage.DRIVER_OPTIONS.for_directory(directory.label, reason=reason)
            raise DirectoryError(message) from error

    return connect


def _arguments(
    url: sa.URL, args: list[Any], options: dict[str, Any], limits: DirectoryLimits
) -> tuple[list[Any], dict[str, Any]]:
    """Return the driver's arguments from a URI, with time limits and read-only mode."""
    backend = url.get_backend_name()
    connect_seconds, query_seconds = limits.connect_timeout_seconds, limits.time_limit_seconds
    driver_options: dict[str, Any] = {}
    if backend == "sqlite":
        driver_options = {"timeout": query_seconds, "check_same_thread": False, "uri": True}
        if not (url.database or "").startswith("file:"):
            args[0] = f"file:{quote(args[0])}?mode=ro"
    elif url.drivername in {"postgresql+psycopg", "postgresql+psycopg2"}:
        tcp_timeout_milliseconds = math.ceil((query_seconds + _GRACE_SECONDS) * 1000)
        driver_options = {
            "connect_timeout": math.ceil(connect_seconds),
            "tcp_user_timeout": tcp_timeout_milliseconds,
        }
        driver_options |= {"client_encoding": "utf8", "application_name": "waypost"}
    elif url.drivername == "mysql+pymysql":
        limit = query_seconds + _GRACE_SECONDS
        driver_options = {
            "connect_timeout": connect_seconds,
            "read_timeout": limit,
            "write_timeout": limit,
        }
    return args, {**connect_options(url, **driver_options), **options}


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.text_factory = _text_or_bytes
    connection.execute("PRAGMA query_only = ON").close()


def _text_or_bytes(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _mysql_set_up(limits: DirectoryLimits) -> Callable[..., None]:
    def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 -- of any driver
        cursor = connection.cursor()
        cursor.execute("SELECT VERSION()")
        version = str(cursor.fetchone()[0]).lower()
        # https://mariadb.com/kb/en/aborting-statements/ and MySQL's manual, s5.1.8
        if "mariadb" in version:
            cursor.execute(f"SET SESSION max_statement_time = {limits.time_limit_seconds:f}")
        else:
            milliseconds = math.ceil(limits.time_limit_seconds * 1000)
            cursor.execute(f"SET SESSION max_execution_time = {milliseconds}")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.close()

    return set_up
