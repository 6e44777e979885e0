"""Reports for commands: missing libraries of the directories in an open store."""

from waypost.cli.sources.database_libraries import missing_for_database
from waypost.cli.sources.libraries import missing_libraries
from waypost.database.engine import read_connection
from waypost.store.external import ExternalStore
from waypost.store.memory import MemoryStore
from waypost.store.protocol import Store
from waypost.store.sql.store import SqlStore


def missing_for_store(store: Store) -> tuple[str, ...]:
    """Return these lines for an open store.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    if isinstance(store, SqlStore):
        with read_connection(store.engine) as connection:
            return missing_for_database(connection)
    if isinstance(store, MemoryStore | ExternalStore):
        return missing_libraries(store.directories)
    return ()
