"""Upgrade the tables before they are used, and load Alembic only if that is needed."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.engine import Engine, open_engine
from waypost.store.sql.revision import HEAD, is_current, stored_revision


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


def prepare_replica(db_uri: str, replica: Engine) -> None:
    """Check that a replica has the current tables; if not, upgrade those of the database itself.

    While the replica is current, the database itself need not answer.

    Args:
        db_uri: of the database that the replica follows.
        replica: connections to the replica.

    Raises:
        StoreUnavailable: one of them does not answer, or the replica has other tables.
        StoreError: one of them cannot be used as it is.
    """
    found = replica_revision(replica)
    if found == HEAD:
        return
    engine = open_engine(db_uri, echo=bool(replica.echo))
    try:
        upgrade_if_needed(engine)
        wanted = stored_revision(engine)
    finally:
        engine.dispose()
    found = replica_revision(replica)
    if found != wanted:
        state = "no tables of Waypost" if found is None else f"the tables of revision {found}"
        raise StoreUnavailable(
            f"db_read_uri: the database has {state}, but db_uri has revision {wanted}; check that "
            "db_read_uri is a replica of db_uri, and that its replication works"
        )


def open_replica(db_read_uri: str, echo: bool = False, *, has_timeouts: bool = False) -> Engine:
    """Create an engine for `db_read_uri`, as `open_engine` does.

    Raises:
        StoreError: the URI or its driver cannot be used.
    """
    with _errors_of_replica():
        return open_engine(db_read_uri, echo, has_timeouts=has_timeouts)


def replica_revision(replica: Engine) -> str | None:
    """Return the revision of the tables of a replica; None if they do not exist.

    Raises:
        StoreUnavailable: it does not answer.
        StoreError: it answers, but cannot be used.
    """
    with _errors_of_replica():
        return stored_revision(replica)


@contextmanager
def _errors_of_replica() -> Iterator[None]:
    """Name the option in errors."""
    try:
        yield
    except (StoreError, StoreUnavailable) as error:
        text = str(error).removeprefix("db_uri: ").replace("in db_uri", "in db_read_uri")
        raise type(error)(f"db_read_uri: {text}") from error
