"""Check whether the tables are up to date, without loading Alembic.

If they are, a worker never loads Alembic, which needs a tenth of its memory.
"""

from typing import Final

import sqlalchemy as sa

from waypost.database.engine import Engine, is_missing_file, open_engine, reading

VERSION_TABLE: Final = "waypost_schema_version"
"""In addition to automx2's own `alembic_version`, which does not change."""
HEAD: Final = "0010"
"""The newest of `store/migrations/versions`."""

_REVISION: Final = sa.table(VERSION_TABLE, sa.column("version_num"))


def make_ready(engine: Engine) -> None:
    """Upgrade the tables, unless they are up to date.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: the schema is of a newer version of Waypost, or of another program.
    """
    if not is_current(engine):
        from waypost.store.sql.migrate import upgrade  # noqa: PLC0415 -- it loads Alembic

        upgrade(engine)


def make_ready_patiently(db_uri: str, engine: Engine) -> None:
    """Upgrade the tables over a separate connection, because a change of tables may take long.

    Args:
        db_uri: of the database.
        engine: connections to it, which may have timeouts. SQLite has no timeouts, and a database
            in memory has only this connection.

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
    """Return whether the tables are those of this version of Waypost.

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
