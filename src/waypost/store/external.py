"""Domains of other databases, in addition to those of a providers file."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Protocol

from waypost.core.address import DomainName
from waypost.core.errors import (
    DirectoryBusy,
    DirectoryError,
    DirectoryUnavailable,
    StoreBusy,
    StoreError,
    StoreUnavailable,
)
from waypost.core.model import Directory, Domain, MatchKind, Provider, SqlDirectory
from waypost.runtime.metrics import Metrics
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore


class DomainSource(Protocol):
    """A database of domains. Its methods may block, and must be safe for several threads."""

    def has_domain(self, domain: DomainName) -> bool:
        """Return whether a domain exists.

        Raises:
            DirectoryUnavailable: the database does not answer; a retry may succeed.
            DirectoryError: the operator must fix the database or its configuration first.
        """
        ...

    def close(self) -> None:
        """Close connections."""
        ...


DomainSourceOpener = Callable[[SqlDirectory], DomainSource]
"""Returns a `DomainSource` without a connection yet; raises DirectoryError."""


class ExternalStore:
    """A store of a providers file and of other databases. Implements `store.Store`."""

    def __init__(self, file_store: MemoryStore, opener: DomainSourceOpener) -> None:
        """Create the store; each other database is opened at its first query."""
        self._file_store = file_store
        self._opener = opener
        self._open: dict[SqlDirectory, DomainSource] = {}
        self._lock = Lock()

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain: exact in the file, else in a database, else by a pattern.

        Raises:
            StoreUnavailable: a database does not answer, and no other has the domain.
            StoreError: the operator must fix a database first, and no other has the domain.
        """
        entry = self._file_store.find(domain)
        if is_exact(entry):
            return entry
        return self._find_external(domain, self._file_store) or entry

    def providers(self) -> Iterator[Provider]:
        """Return the providers of all domains, including those of other databases."""
        return self._file_store.providers()

    @property
    def directories(self) -> Sequence[Directory]:
        """All directories in the file."""
        return self._file_store.directories

    def replace(self, file_store: MemoryStore) -> None:
        """Use another file, and close the databases that are not in it."""
        with self._lock:
            self._file_store = file_store
            used = {external.directory for external in file_store.external_domains}
            unused = [self._open.pop(key) for key in list(self._open) if key not in used]
        for domain_source in unused:
            domain_source.close()

    def close(self) -> None:
        """Close all databases."""
        with self._lock:
            domain_sources = list(self._open.values())
            self._open.clear()
        for domain_source in domain_sources:
            domain_source.close()

    def _find_external(self, domain: DomainName, file_store: MemoryStore) -> Domain | None:
        failure: StoreUnavailable | StoreError | None = None
        for external in file_store.external_domains:
            try:
                if self._domain_source(external.directory).has_domain(domain):
                    return file_store.with_pinned_document(external.for_domain(domain))
            except DirectoryBusy as error:
                failure = StoreBusy(str(error))
            except DirectoryUnavailable as error:
                failure = StoreUnavailable(str(error))
            except DirectoryError as error:
                failure = StoreError(str(error))
        if failure is not None:
            # The domain may exist in this database, so no pattern may answer for it.
            raise failure
        return None

    def _domain_source(self, directory: SqlDirectory) -> DomainSource:
        with self._lock:
            if (domain_source := self._open.get(directory)) is None:
                domain_source = self._open[directory] = self._opener(directory)
            return domain_source


class ExternalDomainCache(MemoryDomains):
    """A providers file for the event loop, with a cache in front of the other databases.

    Domains in the file are answered from memory, even if the other databases fail.
    """

    def __init__(
        self, opener: DomainSourceOpener, limits: CacheLimits, metrics: Metrics | None = None
    ) -> None:
        """Create an empty store, before the first file.

        Args:
            opener: opens the other databases.
            limits: of the cache in front of them.
            metrics: counts the answers.
        """
        self._hit_metrics = metrics if metrics is not None else Metrics()
        super().__init__(None, self._hit_metrics)
        self._opener = opener
        self._limits = limits
        self._external_store: ExternalStore | None = None
        self._cache: DomainCache | None = None
        self._has_external_domains = asyncio.Event()

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None.

        Raises:
            StoreUnavailable: no providers file could be read yet, or a database does not answer and
                no earlier answer is known.
            StoreError: the operator must fix a database first, and no earlier answer is known.
        """
        if self._cache is None or self._store is None:
            return await super().find(domain)
        entry = self._store.find(domain)
        if is_exact(entry):
            self._hit_metrics.cache_hit()
            return entry
        return await self._cache.find(domain)

    def find_fresh(self, domain: DomainName) -> tuple[Domain | None] | None:
        """Return the entry of a domain of the file, in a tuple; None to query the databases."""
        found = super().find_fresh(domain)
        if self._cache is None or found is None or is_exact(found[0]):
            return found
        return self._cache.find_fresh(domain)

    def replace(self, store: MemoryStore) -> None:
        """Use another file from now on, and query the databases again for every domain."""
        super().replace(store)
        if self._external_store is not None and self._cache is not None:
            self._external_store.replace(store)
            self._cache.expire()
        elif store.external_domains:
            self._external_store = ExternalStore(store, self._opener)
            self._cache = DomainCache(self._external_store, self._limits, metrics=self._hit_metrics)
            self._has_external_domains.set()

    def clear(self) -> None:
        """Remove all cached answers of the databases."""
        if self._cache is not None:
            self._cache.clear()

    def expire(self) -> None:
        """Query the databases again for every domain, and use old answers if they fail."""
        if self._cache is not None:
            self._cache.expire()

    def is_ready(self) -> bool:
        """Return whether a file was read that has domains, or whose databases answer."""
        if self._store is None:
            return False
        return self._cache is None or len(self._store) > 0 or self._cache.is_ready()

    async def watch(self) -> None:
        """Query unavailable databases until they answer again. Does not return."""
        await self._has_external_domains.wait()
        if self._cache is not None:
            await self._cache.watch()

    async def close(self) -> None:
        """Close the databases."""
        if self._cache is not None:
            await self._cache.close()


def is_exact(entry: Domain | None) -> bool:
    """Return whether an entry is for one domain alone."""
    return entry is not None and entry.pattern.kind is MatchKind.EXACT
