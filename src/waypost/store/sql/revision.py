"""Check whether the tables are up to date, without loading Alembic.

If they are, a worker never loads Alembic, which needs a tenth of its memory.
"""

from typing import Final

import sqlalchemy as sa

from waypost.database.engine import Engine, is_missing_file, read_connection

VERSION_TABLE: Final = "waypost_schema_version"
"""In addition to automx2's own `alembic_version`, which does not change."""
HEAD: Final = "0015"
"""The newest of `store/sql/migrations/versions`."""

_REVISION: Final = sa.table(VERSION_TABLE, sa.column("version_num"))


def is_current(engine: Engine) -> bool:
    """Return whether the tables are those of this version of Waypost.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but cannot be used.
    """
    return stored_revision(engine) == HEAD


def stored_revision(engine: Engine) -> str | None:
    """Return the revision of the tables; None if they do not exist, or are of another program.

    Raises:
        StoreUnavailable, StoreError: as `is_current`.
    """
    if is_missing_file(engine):
        return None
    with read_connection(engine) as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        revisions = connection.execute(sa.select(_REVISION.c.version_num)).scalars().all()
    return revisions[0] if len(revisions) == 1 else None
