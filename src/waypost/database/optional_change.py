"""A change that no request waits for."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.engine import Connection, Engine, read_connection
from waypost.database.sqlite import BUSY_TIMEOUT_SECONDS


def try_change(engine: Engine, statement: sa.Executable) -> bool:
    """Execute a change that may be omitted, without a wait for other writers.

    The change does not wait for the lock of `write_transaction`, so it is only for rows that no
    such transaction depends on.

    Args:
        engine: the database.
        statement: the change, in a separate transaction.

    Returns:
        Whether the change was made; False if another process writes, or if the database cannot be
        changed.
    """
    try:
        with read_connection(engine) as connection, _without_wait(connection):
            connection.execute(statement)
    except (StoreUnavailable, StoreError):
        return False
    return True


@contextmanager
def _without_wait(connection: Connection) -> Iterator[None]:
    """Let SQLite report at once that another process writes."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or driver is None:
        yield
        return
    driver.cursor().execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        driver.cursor().execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
