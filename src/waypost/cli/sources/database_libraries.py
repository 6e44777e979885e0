"""Reports for commands: missing libraries of the directories in a database or an open store."""

from waypost.cli.sources.database import open_database
from waypost.cli.sources.libraries import missing_libraries
from waypost.database.engine import Connection, read_connection
from waypost.settings import Settings
from waypost.store.protocol import Store
from waypost.store.sql.directory_use import directories_in_use, stored_directories
from waypost.store.sql.store import SqlStore


def missing_libraries_of_connection(connection: Connection) -> tuple[str, ...]:
    """Return a line for each directory that domains use and whose library is missing.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    # Counting takes long if there are many domains.
    if not missing_libraries(stored_directories(connection)):
        return ()
    return missing_libraries(
        directory for directory, count in directories_in_use(connection) if count
    )


def missing_libraries_of_database(settings: Settings) -> tuple[str, ...]:
    """Open the database of the settings, and return these lines for it.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    with open_database(settings) as engine, read_connection(engine) as connection:
        return missing_libraries_of_connection(connection)


def missing_libraries_of_store(store: Store) -> tuple[str, ...]:
    """Return these lines for an open database.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    if isinstance(store, SqlStore):
        with read_connection(store.engine) as connection:
            return missing_libraries_of_connection(connection)
    return ()
