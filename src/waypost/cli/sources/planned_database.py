"""The database of a command that only plans changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from waypost.cli.sources.database import database
from waypost.database.engine import Engine, is_missing_file, open_engine
from waypost.settings import Settings
from waypost.store.sql.migrate import check_upgradable, status, upgrade


@contextmanager
def planned_database(settings: Settings) -> Iterator[tuple[Engine, bool]]:
    """Open the database for a plan of changes, without creating a file or a table.

    Yields:
        The database, and False; if it has no tables yet, an empty database instead, and True.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    with database(settings) as engine:
        if not is_missing_file(engine):  # SQLite would create the file.
            found = status(engine)
            check_upgradable(found)
            if found.kind != "empty":
                yield engine, False
                return
    empty = open_engine("sqlite://")
    try:
        upgrade(empty)
        yield empty, True
    finally:
        empty.dispose()
