"""Upgrade the tables before they are used, and load Alembic only if that is needed."""

from waypost.database.engine import Engine, open_engine
from waypost.store.sql.revision import is_current


def upgrade_if_needed(engine: Engine) -> None:
    """Upgrade the tables, unless they are up to date.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: the schema is of a newer version of Waypost, or of another program.
    """
    if not is_current(engine):
        from waypost.store.sql.migrate import upgrade  # noqa: PLC0415 -- it loads Alembic

        upgrade(engine)


def upgrade_without_timeouts(db_uri: str, engine: Engine) -> None:
    """Upgrade the tables over a separate connection, because a change of tables may take long.

    Args:
        db_uri: of the database.
        engine: connections to it, which may have timeouts. SQLite has no timeouts, and a database
            in memory has only this connection.

    Raises:
        StoreUnavailable, StoreError: as `upgrade_if_needed`.
    """
    if engine.dialect.name == "sqlite":
        upgrade_if_needed(engine)
        return
    engine_without_timeouts = open_engine(db_uri, echo=bool(engine.echo))
    try:
        upgrade_if_needed(engine_without_timeouts)
    finally:
        engine_without_timeouts.dispose()
