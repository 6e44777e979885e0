"""Reports for commands: missing libraries of the directories in a database."""

from waypost.cli.sources.database import database
from waypost.cli.sources.libraries import missing_libraries
from waypost.database.engine import Connection, read_connection
from waypost.settings import Settings
from waypost.store.sql.directory_use import directories_in_use, stored_directories


def missing_for_database(connection: Connection) -> tuple[str, ...]:
    """Return these lines for the directories of a database that domains use.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    # Counting takes long if there are many domains.
    if not missing_libraries(stored_directories(connection)):
        return ()
    return missing_libraries(one for one, count in directories_in_use(connection) if count)


def missing_in_database(settings: Settings) -> tuple[str, ...]:
    """Open the database of the settings, and return these lines for it.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    with database(settings) as engine, read_connection(engine) as connection:
        return missing_for_database(connection)
