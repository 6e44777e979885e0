"""The database of a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from waypost.database.engine import Engine, open_engine
from waypost.settings import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[Engine]:
    """Open the database of the settings, and close it afterwards.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    engine = open_engine(settings.db_uri, settings.db_echo)
    try:
        yield engine
    finally:
        engine.dispose()
