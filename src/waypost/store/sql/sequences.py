"""PostgreSQL numbers rows by sequences, which do not notice ids that were written."""

import sqlalchemy as sa

from waypost.database.engine import Connection


def advance(connection: Connection, table: sa.Table) -> None:
    """Let the engine go on numbering behind the ids that are there; others do so by themselves."""
    if connection.dialect.name == "postgresql":
        connection.execute(advancing(table))


def advancing(table: sa.Table) -> sa.Select[int]:
    """Give PostgreSQL's statement for that; ids that were given away already stay so."""
    sequence = sa.func.pg_get_serial_sequence(
        sa.literal(table.name, sa.String), sa.literal("id", sa.String)
    )
    last = sa.func.coalesce(sa.func.max(table.c.id), 1)
    return sa.select(sa.func.setval(sequence, last, sa.func.count(table.c.id) > 0))
