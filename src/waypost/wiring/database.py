"""The parts of a running Waypost whose domains are in a database.

`wiring` imports this module only for a database: SQLAlchemy takes some 20 MB of each worker.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from waypost.core.model import SqlDirectory
from waypost.database.engine import open_engine
from waypost.directory.sql.source import OpenSqlDirectory
from waypost.runtime.metrics import Metrics
from waypost.settings import Settings, in_memory
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.deferred import DeferredStore
from waypost.store.external import DomainSource
from waypost.store.initdb import InitDb
from waypost.store.protocol import PinnedDocuments
from waypost.store.sql.prepare import (
    open_replica,
    prepare_replica,
    upgrade_if_needed,
    upgrade_without_timeouts,
)
from waypost.store.sql.rows.pinned_pacc import PinnedRows
from waypost.store.sql.setup_link_rows import SetupLinkRows
from waypost.store.sql.store import SqlStore


def open_database_store(settings: Settings, *, small_cache: bool = False) -> SqlStore:
    """Open the database of the settings as a store.

    Args:
        settings: name the database.
        small_cache: as for `open_engine`.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    engine = open_engine(
        settings.db_uri, settings.db_echo, has_timeouts=True, small_cache=small_cache
    )
    if in_memory(settings.db_uri):
        # No other process can create the tables in the memory of this process.
        upgrade_if_needed(engine)
    return SqlStore(engine)


def open_database_cache(
    settings: Settings, limits: CacheLimits, metrics: Metrics
) -> tuple[DomainCache, InitDb | None, SetupLinkRows]:
    """Open the database behind a cache, the operations of `/initdb/` if enabled, and the links.

    If the database does not answer, the cache waits for it.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    store = open_database_store(settings, small_cache=True)
    engine = store.engine
    prepare = partial(upgrade_without_timeouts, settings.db_uri, engine)
    if settings.db_read_uri is not None:
        replica = open_replica(settings.db_read_uri, settings.db_echo, has_timeouts=True)
        store = SqlStore(replica)
        prepare = partial(prepare_replica, settings.db_uri, replica)
    cache = DomainCache(DeferredStore(store, prepare), limits, metrics=metrics)
    initdb = InitDb(engine, cache.clear) if settings.initdb else None
    # Links are counted, so a replica cannot have them.
    return cache, initdb, SetupLinkRows(engine)


@contextmanager
def open_pinned_rows(settings: Settings) -> Iterator[PinnedDocuments]:
    """Open the PACC documents of the database.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    engine = open_engine(settings.db_uri, settings.db_echo)
    try:
        yield PinnedRows(engine)
    finally:
        engine.dispose()


def open_domain_source(directory: SqlDirectory) -> DomainSource:
    """Open another database that has domains; no connection is made yet.

    Raises:
        DirectoryError: a library is missing, or the configuration cannot be used.
    """
    return OpenSqlDirectory(directory)
