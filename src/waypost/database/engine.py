"""Open a database of any engine; read from it and write to it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

from waypost.core.errors import StoreError
from waypost.core.redaction import redact_message, redact_uri
from waypost.database.display_url import url_secrets
from waypost.database.drivers import (
    CONNECT_TIMEOUT_SECONDS,
    connect_options,
    driver_fix,
    timeout_options,
    with_driver,
)
from waypost.database.errors import mapped_errors
from waypost.database.json_values import decode_json
from waypost.database.locking import write_lock
from waypost.database.mysql_connect import MysqlConnector, is_not_ready
from waypost.database.ownership import check_readable, check_writable
from waypost.database.sqlite import (
    BEGIN,
    BUSY_TIMEOUT_SECONDS,
    listen_sqlite,
    sqlite_file,
    sqlite_options,
)

__all__ = [
    "Connection",
    "Engine",
    "is_missing_file",
    "missing_file",
    "open_engine",
    "read_connection",
    "read_snapshot",
    "refuse_missing_file",
    "refuse_other_owner",
    "single_statement",
    "without_transaction",
    "write_transaction",
]

# RFC 3986 s2.1
_ENCODE: Final = "in a password write %40 for @, %3A for :, %2F for /, %3F for ?, %25 for %"
_NO_BEGIN: Final = {BEGIN: ""}
_HAS_EFFECTIVE_IDS: Final = os.access in os.supports_effective_ids
# In addition to the server's modes: a text that is too long is an error, and is never cut; the id 0
# is stored as 0, and does not mean the next free one.
_SQL_MODES: Final = (
    "SET SESSION sql_mode = CONCAT_WS(',', NULLIF(@@SESSION.sql_mode, ''), 'STRICT_ALL_TABLES', "
    "'NO_AUTO_VALUE_ON_ZERO')"
)


def open_engine(
    db_uri: str, echo: bool = False, *, has_timeouts: bool = False, small_cache: bool = False
) -> Engine:
    """Create an engine for a database, without a connection yet.

    Args:
        db_uri: in SQLAlchemy's form; the driver is optional. Foreign keys and the write-ahead log
            are enabled in SQLite. A connection that the server closed is replaced.
        echo: log every SQL statement.
        has_timeouts: stop waiting for a server that is silent for long; not for changes of tables,
            which take long.
        small_cache: keep few pages of a SQLite file in memory; for look-ups of single domains,
            which are as fast with the kernel's cache. By default, each connection keeps 2 MB.

    Raises:
        StoreError: the URI or its driver cannot be used; the message never contains the password.
    """
    try:
        url = with_driver(sa.make_url(db_uri))
    except (sa.exc.ArgumentError, ValueError) as error:
        message = f"db_uri: {redact_uri(db_uri)} is not a database URI; {_ENCODE}"
        raise StoreError(message) from error
    backend = url.get_backend_name()
    options = sqlite_options(url) if backend == "sqlite" else _server_options(url, has_timeouts)
    try:
        engine = sa.create_engine(
            url, echo=echo, hide_parameters=True, json_deserializer=decode_json, **options
        )
    except sa.exc.NoSuchModuleError as error:
        raise StoreError(f"db_uri: Waypost does not support {url.drivername!r}") from error
    except ImportError as error:
        fix = driver_fix(url, error)
        message = f"db_uri: the driver for {url.drivername} is not installed; {fix}"
        raise StoreError(message) from error
    except sa.exc.ArgumentError as error:  # SQLite with a host.
        message = f"db_uri: {redact_uri(db_uri)} is not a valid URI for this database"
        more = "; write a SQLite file with four slashes, as sqlite:////var/lib/waypost.sqlite"
        raise StoreError(message + more * (backend == "sqlite")) from error
    except (TypeError, ValueError) as error:
        raise _options_refused(url, error) from error
    if backend == "sqlite":
        listen_sqlite(engine, url, small_cache=small_cache)
    elif url.get_driver_name() == "pymysql":
        _listen_pymysql(engine, url)
    else:
        event.listen(engine, "do_connect", _connector(url, _connect_driver))
    if backend == "mysql":
        event.listen(engine, "connect", _set_up_mysql)
        event.listen(engine, "handle_error", _leave_unready_node)
    return engine


@contextmanager
def read_connection(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for single queries; it begins no transaction and takes no lock.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but cannot be used; or the SQLite file does not exist.
    """
    refuse_missing_file(engine)
    with mapped_errors(engine.url), _checked_connection(engine) as connection:
        yield without_transaction(connection)


@contextmanager
def single_statement(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for changes of one statement each, which wait for no long transaction.

    Each statement is its own transaction, and is committed at its end. Unlike `write_transaction`,
    this does not wait until another process has written a million domains.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but cannot be used; or the SQLite file does not exist.
    """
    # As for reading: servers commit by themselves, and SQLite does without BEGIN.
    with read_connection(engine) as connection:
        yield connection


@contextmanager
def read_snapshot(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for queries that belong together: they all see the same state.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but cannot be used; or the SQLite file does not exist.
    """
    refuse_missing_file(engine)
    with mapped_errors(engine.url), _checked_connection(engine) as plain:
        # In SQLite every transaction sees one state.
        options = {} if _is_sqlite(engine) else {"isolation_level": "REPEATABLE READ"}
        connection = plain.execution_options(**options)
        with connection.begin():
            yield connection


@contextmanager
def write_transaction(
    engine: Engine, wait_seconds: int = BUSY_TIMEOUT_SECONDS
) -> Iterator[Connection]:
    """Yield a connection in one transaction, while no other Waypost process writes.

    If the SQLite file does not exist, it is created, and its folder too.

    Args:
        engine: the database.
        wait_seconds: how long to wait for another writer; in SQLite it is always
            `BUSY_TIMEOUT_SECONDS`.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: it answers, but cannot be used; or the folder cannot be created; or this
            process cannot write the SQLite file, or is root and the file belongs to another user.
    """
    refuse_other_owner(engine)
    with mapped_errors(engine.url), _checked_connection(engine) as plain:
        options: dict[str, Any] = (
            {BEGIN: "BEGIN IMMEDIATE"}
            if _is_sqlite(engine)
            else {"isolation_level": "READ COMMITTED"}
        )
        connection = plain.execution_options(**options)
        with write_lock(connection, wait_seconds):
            yield connection


def is_missing_file(engine: Engine) -> bool:
    """Return whether opening the database would create a SQLite file."""
    return missing_file(engine) is not None


def missing_file(engine: Engine) -> Path | None:
    """Return the absolute path of the SQLite file that opening the database would create, if any.

    Raises:
        StoreError: this process cannot read the file, or enter its folder.
    """
    path = _path(engine)
    if path is None:
        return None
    check_readable(path)
    return None if path.exists() else path


def refuse_other_owner(engine: Engine) -> None:
    """Refuse a SQLite file that this process cannot write, or should not write as root.

    Raises:
        StoreError: names the file or the folder, its owner, and what to do.
    """
    if (path := _path(engine)) is not None:
        check_writable(path)


def _path(engine: Engine) -> Path | None:
    name = sqlite_file(engine.url) if _is_sqlite(engine) else ""
    return Path(name).absolute() if name else None


def refuse_missing_file(engine: Engine) -> None:
    """Refuse to read a SQLite file that does not exist: opening it would create an empty one.

    Raises:
        StoreError: the file does not exist, or this process cannot read it.
    """
    # The checks that explain a refusal take longer than the query.
    name = sqlite_file(engine.url) if _is_sqlite(engine) else ""
    if not name or os.access(name, os.R_OK, effective_ids=_HAS_EFFECTIVE_IDS):
        return
    if (path := missing_file(engine)) is not None:
        raise StoreError(
            f"db_uri: there is no database file {path}; correct the path in db_uri "
            "(--db-uri), or create a new database with `waypost db upgrade`"
        )


def without_transaction(connection: Connection) -> Connection:
    """Let SQLite begin no transaction; servers begin none, because their engine commits itself."""
    if connection.dialect.name != "sqlite":
        return connection
    return connection.execution_options(**_NO_BEGIN)


@contextmanager
def _checked_connection(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that the server has not closed."""
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        if driver is not None and not _is_sqlite(engine):
            try:
                engine.dialect.do_ping(driver)
            except engine.dialect.loaded_dbapi.Error:
                # The next statement gets a new connection, since the others may be closed, too.
                connection.invalidate()
                engine.dispose()
        yield connection


def _is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _server_options(url: sa.URL, has_timeouts: bool) -> dict[str, Any]:
    more = timeout_options(url) if has_timeouts else {}
    return {
        "connect_args": connect_options(url, **more),
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "pool_recycle": 1800,
        "pool_timeout": CONNECT_TIMEOUT_SECONDS * 2,
    }


def _listen_pymysql(engine: Engine, url: sa.URL) -> None:
    try:
        connector = MysqlConnector(url)
    except ValueError as error:
        raise _options_refused(url, error) from error

    def connect(dialect: sa.Dialect, _args: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 -- the driver's own type
        return connector.connect(dialect, options)

    event.listen(engine, "do_connect", _connector(url, connect))
    event.listen(engine, "invalidate", connector.mark_lost)


def _connector(
    url: sa.URL, connect_driver: Callable[[sa.Dialect, list[Any], dict[str, Any]], Any]
) -> Callable[..., Any]:
    """Return a function that connects; what the driver does not accept is in the URI's query."""

    def connect(
        dialect: sa.Dialect, _record: object, args: list[Any], options: dict[str, Any]
    ) -> Any:  # noqa: ANN401 -- the driver's own type
        try:
            return connect_driver(dialect, args, options)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise _options_refused(url, error) from error

    return connect


def _connect_driver(dialect: sa.Dialect, args: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 -- of any driver
    return dialect.connect(*args, **options)


def _leave_unready_node(context: sa.ExceptionContext) -> None:
    """Treat a connection to a Galera node that is not ready as lost: another node may be ready."""
    if is_not_ready(context.original_exception):
        context.is_disconnect = True


def _options_refused(url: sa.URL, error: Exception) -> StoreError:
    reason = redact_message(str(error), url_secrets(url))
    return StoreError(f"db_uri: the driver rejected the host or the options: {reason}")


def _set_up_mysql(connection: Any, _record: object) -> None:  # noqa: ANN401 -- of any driver
    cursor = connection.cursor()
    cursor.execute(_SQL_MODES)
    cursor.close()
