"""Reports for commands: libraries that directories need and that are not installed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from waypost.core.model import Directory
from waypost.store.protocol import Store

if TYPE_CHECKING:
    from waypost.database.engine import Connection
    from waypost.settings import Settings


def missing_libraries(directories: Iterable[Directory]) -> tuple[str, ...]:
    """Return a line for each directory whose library is missing, with the install command."""
    from waypost.directory.libraries import missing_library  # noqa: PLC0415 -- quick start

    return tuple(line for one in directories if (line := missing_library(one)) is not None)


def missing_for_database(connection: "Connection") -> tuple[str, ...]:
    """Return these lines for the directories of a database that domains use.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    from waypost.store.sql.directory_use import (  # noqa: PLC0415 -- quick start
        directories_in_use,
        stored_directories,
    )

    # Counting takes long if there are many domains.
    if not missing_libraries(stored_directories(connection)):
        return ()
    return missing_libraries(one for one, count in directories_in_use(connection) if count)


def missing_for_settings(settings: "Settings") -> tuple[str, ...]:
    """Return these lines for the providers file or the database of the settings.

    Raises:
        ProvidersError: mistakes in the providers file.
        StoreError, StoreUnavailable: the database cannot be read.
    """
    from waypost.cli.options import catalog_of, database  # noqa: PLC0415 -- quick start

    if settings.demo or settings.providers is not None:
        return missing_libraries(catalog_of(settings).directories)
    from waypost.database.engine import reading  # noqa: PLC0415 -- quick start

    with database(settings) as engine, reading(engine) as connection:
        return missing_for_database(connection)


def missing_for_store(store: Store) -> tuple[str, ...]:
    """Return these lines for an open store.

    Raises:
        StoreError, StoreUnavailable: the database cannot be read.
    """
    from waypost.database.engine import reading  # noqa: PLC0415 -- quick start
    from waypost.store.external import ExternalStore  # noqa: PLC0415 -- quick start
    from waypost.store.memory import MemoryStore  # noqa: PLC0415 -- quick start
    from waypost.store.sql.store import SqlStore  # noqa: PLC0415 -- quick start

    if isinstance(store, SqlStore):
        with reading(store.engine) as connection:
            return missing_for_database(connection)
    if isinstance(store, MemoryStore | ExternalStore):
        return missing_libraries(store.directories)
    return ()
