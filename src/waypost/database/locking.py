"""One writer at a time, whatever the engine: the lock that `writing` takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from waypost.database.names import shown_url
from waypost.errors import StoreUnavailable

_KEY: Final = 0x77617970_6F7374  # "waypost"; PostgreSQL keeps such locks for each database


@contextmanager
def locked(connection: Connection, wait_seconds: int) -> Iterator[None]:
    """Begin a transaction that no other Waypost writes beside, and end it.

    Args:
        connection: in no transaction yet; SQLite's has its lock by the way it begins.
        wait_seconds: how long to wait for another writer.

    Raises:
        StoreUnavailable: another writes for longer.
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
    """Hold a lock beyond the transaction, because MySQL ends that with each change of a table."""
    # Names of locks belong to the whole server, and are short.
    lock = sa.func.concat("waypost.", sa.func.md5(sa.func.database()))
    got = connection.scalar(sa.select(sa.func.get_lock(lock, wait_seconds)))
    connection.commit()
    if got != 1:
        name = shown_url(connection.engine.url)
        message = f"{name}: lock timeout; something else writes to it, try again afterwards"
        raise StoreUnavailable(message)
    try:
        yield
    finally:
        if not connection.invalidated:  # Else the server has let go of it already.
            connection.execute(sa.select(sa.func.release_lock(lock)))
            connection.commit()
