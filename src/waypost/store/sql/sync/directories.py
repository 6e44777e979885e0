"""Write directories, and the columns of domains that refer to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from waypost.core.model import Directory, DirectoryPolicy, LdapServer, Provider, UnknownUser
from waypost.database.engine import Connection
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema
from waypost.store.sql.rows import directories as directory_rows
from waypost.store.sql.rows.redirects import entry_columns
from waypost.store.sql.sync.reader import all_rows
from waypost.store.sql.sync.row_ids import advance_sequence, free_id, insert_row


@dataclass(frozen=True, slots=True)
class ForeignKeys:
    """The ids that rows of `domain` refer to.

    Attributes:
        providers: the id of each provider.
        directories: the id of each directory in Waypost's own table, by its label.
    """

    providers: Mapping[Provider | None, int]
    directories: Mapping[str, int]

    def columns(self, entry: DomainEntry) -> dict[str, Any]:
        """Return the columns of a row of `domain`, without its name."""
        columns: dict[str, Any] = {"provider_id": self.providers[entry.provider]}
        columns |= entry_columns(entry)
        return columns | policy_values(entry.users, self.directories)


def policy_values(users: DirectoryPolicy | None, directories: Mapping[str, int]) -> dict[str, Any]:
    """Return the columns of `domain` about its users.

    Args:
        users: how users are looked up, or None.
        directories: the id of each directory in Waypost's own table, by its label.
    """
    columns: dict[str, Any] = {
        "ldapserver_id": None,
        "directory_id": None,
        "unknown_user": None,
        "show_display_name": False,
    }
    if users is None:
        return columns
    if users.unknown_user is not UnknownUser.ANSWER:
        columns["unknown_user"] = users.unknown_user.value
    columns["show_display_name"] = users.show_display_name
    if isinstance(users.directory, LdapServer):
        return columns | {"ldapserver_id": users.directory.id}
    return columns | {"directory_id": directories[users.directory.label]}


def write_directories(connection: Connection, target: Sequence[Directory]) -> dict[str, int]:
    """Write the target directories, remove none, and return the ids by label.

    A stored secret stays if the new one is not known.
    """
    ldapservers = {row["id"]: row for row in all_rows(connection, schema.ldapserver)}
    directories = {row["label"]: row for row in all_rows(connection, schema.directory)}
    ids: dict[str, int] = {}
    for directory in target:
        if isinstance(directory, LdapServer):
            row = directory_rows.ldapserver_row(directory)
            _write(connection, schema.ldapserver, row, ldapservers.get(directory.id))
        else:
            row = directory_rows.directory_row(directory)
            stored = directories.get(directory.label)
            ids[directory.label] = _write(connection, schema.directory, row, stored)
    advance_sequence(connection, schema.ldapserver)
    return ids


def remove_directories(connection: Connection, target: Sequence[Directory]) -> None:
    """Remove the directories that are not in the target; no domain may refer to them."""
    ldapserver_ids = {directory.id for directory in target if isinstance(directory, LdapServer)}
    labels = {directory.label for directory in target if not isinstance(directory, LdapServer)}
    for table, names in ((schema.ldapserver, ldapserver_ids), (schema.directory, labels)):
        name = table.c.id if table is schema.ldapserver else table.c.label
        for row_id, stored in connection.execute(sa.select(table.c.id, name)).all():
            if stored not in names:
                connection.execute(table.delete().where(table.c.id == row_id))


def _write(
    connection: Connection, table: sa.Table, row: Mapping[str, Any], stored: sa.RowMapping | None
) -> int:
    if stored is None:
        reference_column = schema.domain.c.directory_id
        free_row_id = free_id(connection, table, reference_column) if "id" not in row else None
        return insert_row(connection, table, row, free_row_id)
    if any(stored[name] != value for name, value in row.items()):
        connection.execute(table.update().where(table.c.id == stored["id"]).values(row))
    return int(stored["id"])
