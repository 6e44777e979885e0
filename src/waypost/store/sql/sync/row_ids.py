"""The ids of new rows: an id must not be in use, and no other row may still refer to it."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from waypost.database.engine import Connection


def advance_sequence(connection: Connection, table: sa.Table) -> None:
    """Make PostgreSQL's next id greater than all ids in a table; other engines do it by default."""
    if connection.dialect.name == "postgresql":
        connection.execute(sequence_update(table))


def sequence_update(table: sa.Table) -> sa.Select[int]:
    """Return the statement that sets PostgreSQL's sequence to the greatest id of a table."""
    sequence = sa.func.pg_get_serial_sequence(
        sa.literal(table.name, sa.String), sa.literal("id", sa.String)
    )
    max_id = sa.func.coalesce(sa.func.max(table.c.id), 0)
    # A sequence begins at 1, and an ldapserver may have the id 0.
    return sa.select(sa.func.setval(sequence, sa.func.greatest(max_id, 1), max_id > 0))


def free_id(
    connection: Connection, table: sa.Table, reference_column: sa.Column[Any]
) -> int | None:
    """Return an id greater than those of missing rows that are still referred to, or None.

    SQLite reuses the id of a removed row, and a reference that still exists would point to the new
    row.
    """
    columns = (reference_column, table.c.id)
    max_referenced, max_id = (
        connection.scalar(sa.select(sa.func.max(column))) or 0 for column in columns
    )
    return max_referenced + 1 if max_referenced > max_id else None


def insert_row(
    connection: Connection, table: sa.Table, row: Mapping[str, Any], row_id: int | None
) -> int:
    """Insert a row, and return its id.

    Args:
        connection: in a transaction.
        table: one whose rows are numbered.
        row: all but the id.
        row_id: the id, or None to let the engine choose.
    """
    numbered = {} if row_id is None else {"id": row_id}
    key = connection.execute(table.insert().values({**numbered, **row})).inserted_primary_key
    if key is None:
        message = f"{table.name}: the insert returned no id"
        raise TypeError(message)
    if numbered:
        advance_sequence(connection, table)
    return int(key[0])
