"""The ids of new rows: no engine may give one out that is taken, or that is still pointed to."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from waypost.database.engine import Connection


def advance(connection: Connection, table: sa.Table) -> None:
    """Let the engine go on numbering behind the ids that are there; others do so by themselves."""
    if connection.dialect.name == "postgresql":
        connection.execute(advancing(table))


def advancing(table: sa.Table) -> sa.Select[int]:
    """Return PostgreSQL's statement for that; ids that were given away already stay so."""
    sequence = sa.func.pg_get_serial_sequence(
        sa.literal(table.name, sa.String), sa.literal("id", sa.String)
    )
    last = sa.func.coalesce(sa.func.max(table.c.id), 1)
    return sa.select(sa.func.setval(sequence, last, sa.func.count(table.c.id) > 0))


def free_id(connection: Connection, table: sa.Table, pointing: sa.Column[Any]) -> int | None:
    """Return an id behind those that are pointed to in vain, or None where there are none of these.

    SQLite gives an id out again once its row is gone, and what still points there would get the
    new row.
    """
    columns = (pointing, table.c.id)
    pointed, last = (connection.scalar(sa.select(sa.func.max(one))) or 0 for one in columns)
    return pointed + 1 if pointed > last else None


def insert(
    connection: Connection, table: sa.Table, row: Mapping[str, Any], row_id: int | None
) -> int:
    """Insert a row, and give its id.

    Args:
        connection: in a transaction.
        table: one whose rows are numbered.
        row: all but the id.
        row_id: the id, or None to let the engine choose.
    """
    numbered = {} if row_id is None else {"id": row_id}
    key = connection.execute(table.insert().values({**numbered, **row})).inserted_primary_key
    if key is None:
        message = f"{table.name} gave no id"
        raise TypeError(message)
    if numbered:
        advance(connection, table)
    return int(key[0])
