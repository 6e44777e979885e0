"""The directories in the database, and the number of domains that use each."""

from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa

from waypost.core.model import Directory
from waypost.database.engine import Connection
from waypost.store.sql import schema
from waypost.store.sql.rows.directories import directory_from_row, ldapserver_from_row
from waypost.store.sql.rows.services import RowError
from waypost.store.sql.sync.reader import all_rows


def stored_directories(connection: Connection) -> Sequence[Directory]:
    """Return all directories, automx2's first."""
    return [directory for directory, _ in directories_in_use(connection, counted=False)]


def directories_in_use(
    connection: Connection, *, counted: bool = True
) -> Sequence[tuple[Directory, int]]:
    """Return all directories, automx2's first, each with its number of domains.

    The database counts, so that a million domains need no memory here. A domain that refers to two
    directories uses the one in Waypost's own table.
    """
    column = schema.domain.c
    ldapservers, described = column.ldapserver_id, column.directory_id
    by_ldapserver = _count(connection, ldapservers, described.is_(None)) if counted else {}
    by_described = _count(connection, described, sa.true()) if counted else {}
    found: list[tuple[Directory, int]] = [
        (ldapserver_from_row(row), by_ldapserver.get(row["id"], 0))
        for row in all_rows(connection, schema.ldapserver)
    ]
    for row in all_rows(connection, schema.directory):
        with suppress(RowError):  # An invalid directory is never used.
            found.append((directory_from_row(row), by_described.get(row["id"], 0)))
    return found


def _count(
    connection: Connection, pointer: sa.Column[int], also: sa.ColumnElement[bool]
) -> dict[int, int]:
    asked = sa.select(pointer, sa.func.count()).where(pointer.is_not(None), also)
    return {row[0]: row[1] for row in connection.execute(asked.group_by(pointer))}
