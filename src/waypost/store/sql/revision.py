"""Whether the tables are those that this Waypost needs, found out without loading Alembic.

A worker that finds them so never needs Alembic, which is a tenth of its memory.
"""

from typing import Final

import sqlalchemy as sa

from waypost.database.engine import Engine, is_missing_file, open_engine, reading

VERSION_TABLE: Final = "waypost_schema_version"
"""Beside automx2's own `alembic_version`, which stays as it is."""
HEAD: Final = "0010"
"""The newest of `store/migrations/versions`."""

_REVISION: Final = sa.table(VERSION_TABLE, sa.column("version_num"))


def make_ready(engine: Engine) -> None:
    """Bring the tables up to date, if they are not.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: the database is a newer Waypost's, or holds tables of something else.
    """
    if not is_current(engine):
        from waypost.store.sql.migrate import upgrade  # noqa: PLC0415 -- it loads Alembic

        upgrade(engine)


def make_ready_patiently(db_uri: str, engine: Engine) -> None:
    """Do the same over connections of its own, because a change of tables may take long.

    Args:
        db_uri: of the database.
        engine: connections to it that may have limits of time; those to a database in the memory
            of this process are the only ones.

    Raises:
        StoreUnavailable, StoreError: as `make_ready`.
    """
    if engine.dialect.name == "sqlite":
        make_ready(engine)
        return
    patient = open_engine(db_uri, echo=bool(engine.echo))
    try:
        make_ready(patient)
    finally:
        patient.dispose()


def is_current(engine: Engine) -> bool:
    """Return whether the tables are those that this Waypost needs.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but cannot be used.
    """
    if is_missing_file(engine):
        return False
    with reading(engine) as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return False
        found = connection.execute(sa.select(_REVISION.c.version_num)).scalars().all()
    return list(found) == [HEAD]
