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
    return [directory for directory, _ in directories_in_use(connection, count_domains=False)]


def directories_in_use(
    connection: Connection, *, count_domains: bool = True
) -> Sequence[tuple[Directory, int]]:
    """Return all directories, automx2's first, each with its number of domains.

    The database counts, so that a million domains need no memory here. A domain that refers to two
    directories uses the one in Waypost's own table.
    """
    column = schema.domain.c
    ldapservers, own_directories = column.ldapserver_id, column.directory_id
    by_ldapserver = (
        _count(connection, ldapservers, own_directories.is_(None)) if count_domains else {}
    )
    by_own_directory = _count(connection, own_directories, sa.true()) if count_domains else {}
    counts: list[tuple[Directory, int]] = [
        (ldapserver_from_row(row), by_ldapserver.get(row["id"], 0))
        for row in all_rows(connection, schema.ldapserver)
    ]
    for row in all_rows(connection, schema.directory):
        with suppress(RowError):  # An invalid directory is never used.
            counts.append((directory_from_row(row), by_own_directory.get(row["id"], 0)))
    return counts


def _count(
    connection: Connection, reference: sa.Column[int], condition: sa.ColumnElement[bool]
) -> dict[int, int]:
    query = sa.select(reference, sa.func.count()).where(reference.is_not(None), condition)
    return {row[0]: row[1] for row in connection.execute(query.group_by(reference))}
