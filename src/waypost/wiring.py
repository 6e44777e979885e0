"""From settings to the parts of a running Waypost."""

from dataclasses import dataclass

from waypost.demo import demo_catalog
from waypost.errors import SettingsError
from waypost.logs import AddressHasher
from waypost.lookup import Lookup
from waypost.seeding import Seeding
from waypost.settings import Settings, in_memory
from waypost.store import Store
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryStore
from waypost.store.sql.engine import open_engine
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.store import SqlStore
from waypost.transfer.providers_file import read_providers_path


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts of one worker. Closing the cache closes the store as well.

    Attributes:
        seeding: None where there is no database, or where `initdb` is off.
    """

    cache: DomainCache
    lookup: Lookup
    seeding: Seeding | None


def wire(settings: Settings) -> Wired:
    """Open the store and put cache and lookup in front of it.

    Raises:
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: mistakes in the providers file.
    """
    store = open_store(settings)
    limits = CacheLimits(
        ttl_seconds=settings.cache_ttl,
        stale_ttl_seconds=settings.stale_ttl,
        size=settings.cache_size,
        negative_size=settings.cache_negative_size,
    )
    cache = DomainCache(store, limits)
    seeding = None
    if settings.initdb and isinstance(store, SqlStore):
        seeding = Seeding(store.engine, cache.clear)
    return Wired(cache, Lookup(cache), seeding)


def open_store(settings: Settings) -> Store:
    """Open the place where domains live: the samples, a providers file, or the database.

    Raises:
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: mistakes in the providers file.
    """
    if settings.demo:
        return MemoryStore(demo_catalog())
    if settings.providers is not None:
        return MemoryStore(read_providers_path(settings.providers).catalog)
    engine = open_engine(settings.db_uri, settings.db_echo)
    if in_memory(settings.db_uri):
        # Nobody else could make the tables in the memory of this process.
        upgrade(engine)
    return SqlStore(engine)


def address_hasher(settings: Settings) -> AddressHasher:
    """Make what hides addresses in the log.

    Raises:
        SettingsError: `log_key` was not filled in before the workers were started.
    """
    if settings.log_key is None:
        raise SettingsError(["log_key: has no value; all workers need the same"])
    return AddressHasher(settings.log_key, show=settings.log_addresses)
