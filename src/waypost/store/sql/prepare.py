"""Upgrade the tables before they are used, and load Alembic only if that is needed."""

import structlog

from waypost.database.engine import Engine, open_engine
from waypost.store.sql.revision import HEAD, is_current


def upgrade_if_needed(engine: Engine) -> None:
    """Upgrade the tables for a server, unless they are up to date.

    A server also uses tables that a newer version of Waypost has upgraded: it must be able to
    start a worker again until that version replaces it. Each migration allows this
    (docs/decisions/0031-restarts.md).

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: the schema is of another program.
    """
    if is_current(engine):
        return
    from waypost.store.sql.migrate import status, upgrade  # noqa: PLC0415 -- it loads Alembic

    state = status(engine)
    if state.kind == "newer":
        structlog.get_logger(__name__).warning(
            "the database was upgraded by a newer version of Waypost; serving from it; "
            "install the newer version here too",
            revision=state.current,
            own_revision=HEAD,
        )
        return
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
