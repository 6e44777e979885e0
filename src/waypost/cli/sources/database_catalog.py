"""The database of a command for changes and for reading: loads Alembic, which a server must not."""

from collections.abc import Iterator
from contextlib import contextmanager

from waypost.cli.output import Progress
from waypost.cli.sources.database import open_database
from waypost.core.model import Catalog
from waypost.database.engine import Engine, is_missing_file, open_engine, read_snapshot
from waypost.diagnostics.row_codes import DiagnosticSink
from waypost.settings import Settings
from waypost.store.sql.migrate import check_upgradable, status, upgrade
from waypost.store.sql.sync.catalog import open_catalog


@contextmanager
def open_database_for_plan(settings: Settings) -> Iterator[tuple[Engine, bool]]:
    """Open the database for a plan of changes, without creating a file or a table.

    Yields:
        The database, and False; if it has no tables yet, an empty database instead, and True.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    with open_database(settings) as engine:
        if not is_missing_file(engine):  # SQLite would create the file.
            migration = status(engine)
            check_upgradable(migration)
            if migration.kind != "empty":
                yield engine, False
                return
    empty = open_engine("sqlite://")
    try:
        upgrade(empty)
        yield empty, True
    finally:
        empty.dispose()


@contextmanager
def open_database_catalog(
    settings: Settings, on_progress: Progress, on_unused_row: DiagnosticSink
) -> Iterator[Catalog]:
    """Open the database and yield its catalog; the domains are not kept in memory.

    Args:
        settings: define the database.
        on_progress: is called with the progress.
        on_unused_row: is called with each row that no answer uses.
    """
    with (
        open_database(settings) as engine,
        read_snapshot(engine) as connection,
        open_catalog(connection, on_progress, on_unused_row) as catalog,
    ):
        yield catalog
