"""One writer at a time, on each engine: the lock of write transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from waypost.core.errors import StoreUnavailable
from waypost.database.display_url import display_url

_KEY: Final = 0x77617970_6F7374  # "waypost"; PostgreSQL has separate locks for each database


@contextmanager
def write_lock(connection: Connection, wait_seconds: int) -> Iterator[None]:
    """Run a transaction while no other Waypost process writes.

    Args:
        connection: in no transaction yet; in SQLite the way it begins takes the lock.
        wait_seconds: how long to wait for another writer.

    Raises:
        StoreUnavailable: another process writes for longer.
    """
    if connection.dialect.name == "mysql":
        with _named_lock(connection, wait_seconds), connection.begin():
            yield
        return
    with connection.begin():
        if connection.dialect.name == "postgresql":
            limit = sa.func.set_config("lock_timeout", f"{wait_seconds}s", sa.true())
            connection.execute(sa.select(limit))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_KEY)))
        yield


@contextmanager
def _named_lock(connection: Connection, wait_seconds: int) -> Iterator[None]:
    """Keep a lock after the transaction, because MySQL ends it at each change of a table."""
    # Names of locks are for the whole server, and their length is limited.
    lock = sa.func.concat("waypost.", sa.func.md5(sa.func.database()))
    result = connection.scalar(sa.select(sa.func.get_lock(lock, wait_seconds)))
    connection.commit()
    if result != 1:
        name = display_url(connection.engine.url)
        message = f"{name}: lock timeout; another process writes to it; try again later"
        raise StoreUnavailable(message)
    try:
        yield
    finally:
        if not connection.invalidated:  # Else the server has released the lock.
            connection.execute(sa.select(sa.func.release_lock(lock)))
            connection.commit()
