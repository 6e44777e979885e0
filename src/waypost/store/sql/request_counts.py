"""The requests of mail clients by hour, which all machines with this database add up."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from waypost.database.engine import Engine, read_connection
from waypost.database.optional_change import try_change
from waypost.store.sql.admin_schema import request_count

ROWS_MAX: Final = 500
"""How many rows one statement writes: SQLite limits its parameters."""
_COUNT: Final = request_count.c
_KEYS: Final = ("hour", "client", "result")

HourKey = tuple[int, str, str]
"""The start of an hour in seconds since 1970, a client and a result in the words of the metrics."""


class RequestCounts:
    """The counts of a database."""

    def __init__(self, engine: Engine) -> None:
        """Initialize with the database; nothing is read yet."""
        self._engine = engine

    def add(self, counts: Mapping[HourKey, int]) -> bool:
        """Add requests to those that are stored, without a wait for other writers.

        Args:
            counts: at most `ROWS_MAX` numbers.

        Returns:
            Whether all of them were added; otherwise none was.
        """
        # Machines that write at the same time lock the rows in the same order.
        rows = [
            {**dict(zip(_KEYS, key, strict=True)), "requests": number}
            for key, number in sorted(counts.items())
        ]
        return not rows or try_change(self._engine, self._addition(rows))

    def read(self, since: int) -> dict[HourKey, int]:
        """Return the counts of the hours that begin at a time or later.

        Raises:
            StoreUnavailable, StoreError: the database cannot be read.
        """
        query = sa.select(request_count).where(_COUNT.hour >= since)
        with read_connection(self._engine) as connection:
            rows = connection.execute(query).all()
        return {(hour, client, result): number for hour, client, result, number in rows}

    def first_hour(self) -> int | None:
        """Return the start of the first hour that is stored, or None.

        Raises:
            StoreUnavailable, StoreError: the database cannot be read.
        """
        with read_connection(self._engine) as connection:
            found: int | None = connection.scalar(sa.select(sa.func.min(_COUNT.hour)))
        return found

    def prune(self, before: int) -> bool:
        """Remove the hours that begin before a time; return whether that was possible."""
        return try_change(self._engine, request_count.delete().where(_COUNT.hour < before))

    def _addition(self, rows: list[dict[str, Any]]) -> sa.Executable:
        """Return the statement that adds to rows, and creates those that are missing."""
        if self._engine.dialect.name == "mysql":
            change = mysql.insert(request_count).values(rows)
            return change.on_duplicate_key_update(
                requests=_COUNT.requests + change.inserted.requests
            )
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        statement = insert(request_count).values(rows)
        return statement.on_conflict_do_update(
            index_elements=_KEYS,
            set_={"requests": _COUNT.requests + statement.excluded.requests},
        )
