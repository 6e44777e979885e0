"""Creating and upgrading the tables, automx2's databases included."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from waypost.errors import StoreError
from waypost.store.sql.engine import Connection, Engine, reading, writing

VERSION_TABLE: Final = "waypost_schema_version"
"""Beside automx2's own `alembic_version`, which stays as it is."""

Kind = Literal["empty", "automx2", "waypost", "newer", "foreign"]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a database stands.

    Attributes:
        kind: `empty` has no table; `automx2` was made by automx2 and never upgraded; `waypost`
            is Waypost's; `newer` is a later Waypost's; `foreign` is something else's.
        current: the revision of the database, None where it has none.
        head: the revision that this Waypost needs.
    """

    kind: Kind
    current: str | None
    head: str

    @property
    def is_current(self) -> bool:
        """Tell whether there is nothing to do."""
        return self.current == self.head


def status(engine: Engine) -> MigrationStatus:
    """Tell where a database stands, without changing it.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    with reading(engine) as connection:
        return _status(connection)


def upgrade(engine: Engine) -> MigrationStatus:
    """Bring the tables up to date, in one transaction; of several at once the others wait.

    Rows keep their ids, and nothing that automx2 needs is taken away.

    Returns:
        Where the database stood before.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: the database is a newer Waypost's, or holds tables of something else.
    """
    before = status(engine)
    if before.is_current:
        return before
    with writing(engine) as connection:
        before = _status(connection)
        if before.kind == "newer":
            raise StoreError(
                f"the database has revision {before.current}, which this Waypost does not know; "
                "run the newer Waypost that made it"
            )
        if before.kind == "foreign":
            raise StoreError(
                "the database holds tables, but neither Waypost's nor automx2's; "
                "set db_uri to a database of its own"
            )
        if not before.is_current:
            with _config(connection) as config:
                command.upgrade(config, "head")
    return before


def _status(connection: Connection) -> MigrationStatus:
    tables = set(sa.inspect(connection).get_table_names())
    with _config(connection) as config:
        script = ScriptDirectory.from_config(config)
    head = script.get_current_head() or ""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    current = context.get_current_revision() if VERSION_TABLE in tables else None
    known = {revision.revision for revision in script.walk_revisions()}
    kind: Kind
    if current is not None:
        kind = "waypost" if current in known else "newer"
    elif not tables:
        kind = "empty"
    else:
        kind = "automx2" if {"provider", "domain", "server"} <= tables else "foreign"
    return MigrationStatus(kind, current, head)


@contextmanager
def _config(connection: Connection) -> Iterator[Config]:
    """Give Alembic its scripts, from the installed package, and our connection."""
    scripts = resources.files("waypost.store").joinpath("migrations")
    with resources.as_file(scripts) as folder:
        config = Config()
        # Alembic reads % as an interpolation.
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        config.attributes["version_table"] = VERSION_TABLE
        yield config
