"""Read and change single directories."""

import sqlalchemy as sa

from waypost.core.model import Directory, LdapServer
from waypost.database.engine import Connection
from waypost.store.sql import schema
from waypost.store.sql.sync.directories import write_directories
from waypost.store.sql.sync.reader import SharedRows

_DOMAIN = schema.domain.c


def stored_directory(connection: Connection, label: str, *, lock: bool = False) -> Directory | None:
    """Return a directory, or None.

    Args:
        connection: in a transaction.
        label: of the directory.
        lock: whether other programs must wait for the end of the transaction to change it.
    """
    if lock:
        for table in (schema.ldapserver, schema.directory):
            connection.execute(sa.select(table.c.id).with_for_update()).all()
    directories = SharedRows(connection, []).directories
    return next((one for one in directories if one.label == label), None)


def write_directory(connection: Connection, directory: Directory) -> None:
    """Insert or update a directory; a stored secret stays if the new one is not known."""
    write_directories(connection, [directory])


def forget_secret(connection: Connection, directory: Directory) -> None:
    """Remove the stored secret of a directory."""
    if isinstance(directory, LdapServer):
        table, key = schema.ldapserver, schema.ldapserver.c.id == directory.id
        connection.execute(table.update().where(key).values(bind_password=None))
    else:
        table, key = schema.directory, schema.directory.c.label == directory.label
        connection.execute(table.update().where(key).values(secret=None))


def count_users_of(connection: Connection, directory: Directory) -> int:
    """Return the number of domains that use a directory."""
    if isinstance(directory, LdapServer):
        condition = _DOMAIN.ldapserver_id == directory.id
    else:
        ids = sa.select(schema.directory.c.id).where(schema.directory.c.label == directory.label)
        condition = _DOMAIN.directory_id == ids.scalar_subquery()
    query = sa.select(sa.func.count()).select_from(schema.domain).where(condition)
    return int(connection.execute(query).scalar_one())


def remove_directory(connection: Connection, directory: Directory) -> None:
    """Remove a directory that no domain uses."""
    if isinstance(directory, LdapServer):
        table, key = schema.ldapserver, schema.ldapserver.c.id == directory.id
    else:
        table, key = schema.directory, schema.directory.c.label == directory.label
    connection.execute(table.delete().where(key))
