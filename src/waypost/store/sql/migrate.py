"""Create and upgrade the tables, including those of automx2's databases."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from waypost.core.errors import StoreError
from waypost.database.engine import (
    Connection,
    Engine,
    is_missing_file,
    read_connection,
    refuse_other_owner,
    write_transaction,
)
from waypost.store.sql.revision import HEAD, VERSION_TABLE

LOCK_SECONDS: Final = 120
"""How long an upgrade waits for another one, which may have a million domains to index."""

Kind = Literal["empty", "automx2", "waypost", "unfinished", "newer", "foreign"]
Existing = Mapping[str, set[str]]

_OWN_TABLES: Final = frozenset(
    {VERSION_TABLE, "provider", "server", "davserver", "ldapserver", "domain", "directory"}
    | {"server_domain", "davserver_domain", "admin_audit", "setup_link"}
    | {"admin_token", "admin_link", "admin_session", "admin_request_count"}
)


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """The state of a database's schema.

    Attributes:
        kind: `empty` has no table; `automx2` was created by automx2 and never upgraded;
            `waypost` is Waypost's; `unfinished` is a failed upgrade that MySQL could not roll
            back; `newer` is of a newer version of Waypost; `foreign` is of another program.
        current: the revision of the database, or None.
        head: the revision that this version of Waypost needs.
    """

    kind: Kind
    current: str | None
    head: str

    @property
    def is_current(self) -> bool:
        """Return whether the schema is up to date."""
        return self.current == self.head


def status(engine: Engine) -> MigrationStatus:
    """Return the state of a database, without changing it; a missing SQLite file is empty.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    if is_missing_file(engine):
        return MigrationStatus("empty", None, HEAD)
    with read_connection(engine) as connection:
        return status_of(connection)


def upgrade(engine: Engine) -> MigrationStatus:
    """Upgrade the tables in one transaction; simultaneous upgrades wait for each other.

    Rows keep their ids, and nothing that automx2 needs is removed.

    Returns:
        The state before the upgrade.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: the schema is of a newer version of Waypost, or of another program.
    """
    refuse_other_owner(engine)
    previous = status(engine)
    if previous.is_current:
        return previous
    with mapped_upgrade_errors(engine), write_transaction(engine, LOCK_SECONDS) as connection:
        previous = status_of(connection)
        check_upgradable(previous)
        if not previous.is_current:
            with alembic_config(
                existing=existing_columns(connection), connection=connection
            ) as config:
                command.upgrade(config, "head")
    return previous


def check_upgradable(state: MigrationStatus) -> None:
    """Refuse a database that an upgrade would refuse.

    Raises:
        StoreError: its schema is of a newer version of Waypost, or of another program.
    """
    if state.kind == "newer":
        raise StoreError(
            f"the database has revision {state.current}, which this version of Waypost does not "
            "know; run the newer version that upgraded it"
        )
    if state.kind == "foreign":
        raise StoreError(
            "the database contains tables that are neither Waypost's nor automx2's; "
            "set db_uri to an empty database"
        )


def statements(engine: Engine) -> str:
    """Return the SQL that an upgrade would run now, without running it.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: the schema is of a newer version of Waypost, or of another program.
    """
    if is_missing_file(engine):
        return statements_for_empty(engine.dialect.name)
    with read_connection(engine) as connection:
        previous = status_of(connection)
        check_upgradable(previous)
        existing = existing_columns(connection)
    return (
        "" if previous.is_current else _offline_sql(engine.dialect.name, existing, previous.current)
    )


def statements_for_empty(dialect: str) -> str:
    """Return the SQL that creates the tables in an empty database, without a connection.

    Args:
        dialect: `sqlite`, `postgresql` or `mysql`.
    """
    return _offline_sql(dialect, {}, None)


def _offline_sql(dialect: str, existing: Existing, current: str | None) -> str:
    with alembic_config(existing=existing, dialect=dialect) as config:
        output = io.StringIO()
        config.output_buffer = output
        command.upgrade(config, f"{current or 'base'}:head", sql=True)
    return output.getvalue()


@contextmanager
def mapped_upgrade_errors(engine: Engine) -> Iterator[None]:
    """Add advice to the error of a failed upgrade, if the engine cannot roll back."""
    try:
        yield
    except StoreError as error:
        if engine.dialect.name != "mysql" or not isinstance(error.__cause__, sa.exc.DBAPIError):
            raise
        message = (
            f"{error}; MySQL and MariaDB keep the steps that were completed before; "
            "fix the cause and run `waypost db upgrade` again"
        )
        raise StoreError(message) from error


def existing_columns(connection: Connection) -> Existing:
    """Return the columns and indexes of each table; in MySQL also those of a failed upgrade."""
    inspector = sa.inspect(connection)
    existing = {
        name: {column["name"] for column in inspector.get_columns(name)}
        for name in inspector.get_table_names()
    }
    if connection.dialect.name == "mysql":
        for name, columns in existing.items():
            columns.update(index["name"] or "" for index in inspector.get_indexes(name))
    return existing


def status_of(connection: Connection) -> MigrationStatus:
    """Return the state of the database of a connection."""
    tables = set(sa.inspect(connection).get_table_names())
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    current = context.get_current_revision() if VERSION_TABLE in tables else None
    kind: Kind
    if current is not None:
        # The scripts are read only for a revision that is not the newest one.
        kind = "waypost" if current == HEAD or current in _known_revisions() else "newer"
    elif not tables - {VERSION_TABLE}:
        kind = "empty"
    elif VERSION_TABLE in tables and tables <= _OWN_TABLES:
        kind = "unfinished"
    else:
        kind = "automx2" if {"provider", "domain", "server"} <= tables else "foreign"
    return MigrationStatus(kind, current, HEAD)


def _known_revisions() -> set[str]:
    """Return the revisions that the migrations of this version have."""
    with alembic_config() as config:
        script = ScriptDirectory.from_config(config)
        return {revision.revision for revision in script.walk_revisions()}


def scripts() -> Traversable:
    """Return the folder of the migrations in the installed package."""
    return resources.files("waypost.store.sql").joinpath("migrations")


@contextmanager
def alembic_config(**attributes: object) -> Iterator[Config]:
    """Yield Alembic's configuration, with the scripts of the installed package."""
    with resources.as_file(scripts()) as folder:
        config = Config()
        # Alembic interpolates %.
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes.update(attributes, version_table=VERSION_TABLE)
        yield config
