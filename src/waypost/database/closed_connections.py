"""Connections of a pool that the server has closed, for example because it was started again."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

# A statement on a closed connection fails at once.
_CLOSED_SECONDS: Final = 1.0

Result = TypeVar("Result")


def again_if_closed(engine: Engine, read: Callable[[], Result]) -> Result:
    """Return what a function reads; call it again if the server had closed its connection.

    A check before each statement would take a round trip more. After an error of this kind,
    SQLAlchemy uses no connection that is older than the error, so the second call gets a new one.

    Args:
        engine: the pool of connections.
        read: takes a connection from the pool, and only reads.

    Raises:
        sa.exc.DBAPIError: from the function.
    """
    # A new connection is lost only while the statement runs.
    is_idle = isinstance(engine.pool, QueuePool) and engine.pool.checkedin() > 0
    start = time.monotonic()
    try:
        return read()
    except sa.exc.DBAPIError as error:
        # A server that was silent until a time limit would be silent again.
        is_closed = is_idle and error.connection_invalidated
        if not is_closed or time.monotonic() - start > _CLOSED_SECONDS:
            raise
    return read()
