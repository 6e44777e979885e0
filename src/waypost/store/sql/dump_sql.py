"""SQL statements that fill an empty database, for `sqlite3`, `psql` or `mysql`.

The rows are those of `write_catalog`: it writes a temporary database, and the statements copy that.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine.default import DefaultDialect

from waypost.core.model import Catalog
from waypost.database.engine import Connection
from waypost.store.sql import schema
from waypost.store.sql.sync.catalog import write_catalog
from waypost.store.sql.sync.row_ids import sequence_update
from waypost.store.sql.sync.temp_table import temporary_engine

SqlDialect = Literal["sqlite", "postgresql", "mysql"]

# Without these statements the client uses the terminal's encoding, the server's settings decide how
# a backslash is read, and MariaDB replaces the id 0 by the next free one.
_SESSION: Final[Mapping[SqlDialect, tuple[str, ...]]] = {
    "sqlite": (),
    "postgresql": ("SET client_encoding = 'UTF8';", "SET standard_conforming_strings = on;"),
    "mysql": (
        "SET NAMES utf8mb4;",
        "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', '');",
        "SET SESSION sql_mode = CONCAT_WS(',', @@SESSION.sql_mode, 'NO_AUTO_VALUE_ON_ZERO');",
    ),
}
_DIALECTS: Final[Mapping[SqlDialect, type[DefaultDialect]]] = {
    "sqlite": sqlite.dialect,
    "postgresql": postgresql.dialect,
    "mysql": mysql.dialect,
}
# A client is fast with many rows in a statement, but every engine limits a statement's length.
_ROWS_PER_INSERT: Final = 100
_CHARS_PER_INSERT: Final = 100_000


def sql_statements(catalog: Catalog, dialect: SqlDialect) -> Iterator[str]:
    """Yield the statements, each with a semicolon, in an order that satisfies foreign keys.

    They need an empty database with Waypost's tables. The ids of the rows begin at 1.

    Args:
        catalog: the wanted content of the database.
        dialect: the SQL dialect.
    """
    # Other parameter styles than this would double each percent sign.
    target = _DIALECTS[dialect](paramstyle="named")
    yield from _SESSION[dialect]
    yield "BEGIN;"
    engine = temporary_engine()
    try:
        with engine.connect() as connection:
            schema.metadata.create_all(connection)
            write_catalog(connection, catalog)
            for table in schema.metadata.sorted_tables:
                yield from _inserts(connection, table, target)
    finally:
        engine.dispose()
    if dialect == "postgresql":
        for table in schema.metadata.sorted_tables:
            if "id" in table.c:
                compiled = sequence_update(table).compile(
                    dialect=target, compile_kwargs={"literal_binds": True}
                )
                yield f"{compiled};"
    yield "COMMIT;"


def _inserts(connection: Connection, table: sa.Table, target: sa.Dialect) -> Iterator[str]:
    """Yield the statements that insert the rows of a table."""
    head, _, _ = str(table.insert().compile(dialect=target)).partition(" VALUES ")
    values: list[str] = []
    chars = 0
    for row in _literals(connection, table, target):
        values.append(row)
        chars += len(row)
        if len(values) == _ROWS_PER_INSERT or chars >= _CHARS_PER_INSERT:
            yield _insert(head, values)
            values.clear()
            chars = 0
    if values:
        yield _insert(head, values)


def _insert(head: str, values: list[str]) -> str:
    joined = ",\n".join(values)
    return f"{head} VALUES\n{joined};"


def _literals(connection: Connection, table: sa.Table, target: sa.Dialect) -> Iterator[str]:
    """Yield the values of each row of a table, quoted by SQLAlchemy, in parentheses."""
    # The text of JSON is copied as it is.
    columns = [
        sa.type_coerce(column, sa.String) if isinstance(column.type, sa.JSON) else column
        for column in table.c
    ]
    types = [column.type for column in columns]
    render = target.statement_compiler(target, None).render_literal_value
    rows = connection.execute(sa.select(*columns).order_by(*table.primary_key))
    for row in rows.yield_per(_ROWS_PER_INSERT):
        yield f"({', '.join(map(render, row, types))})"
