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

    def __init__(self, own: MemoryStore, opener: DomainSourceOpener) -> None:
        """Create the store; each other database is opened at its first query."""
        self._own = own
        self._opener = opener
        self._open: dict[SqlDirectory, DomainSource] = {}
        self._lock = Lock()

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain: exact in the file, else in a database, else by a pattern.

        Raises:
            StoreUnavailable: a database does not answer, and no other has the domain.
            StoreError: the operator must fix a database first, and no other has the domain.
        """
        found = self._own.find(domain)
        if is_exact(found):
            return found
        return self._find_external(domain, self._own) or found

    def providers(self) -> Iterator[Provider]:
        """Return the providers of all domains, including those of other databases."""
        return self._own.providers()

    @property
    def directories(self) -> Sequence[Directory]:
        """All directories in the file."""
        return self._own.directories

    def replace(self, own: MemoryStore) -> None:
        """Use another file, and close the databases that are not in it."""
        with self._lock:
            self._own = own
            named = {one.directory for one in own.external_domains}
            idle = [self._open.pop(one) for one in list(self._open) if one not in named]
        for domain_source in idle:
            domain_source.close()

    def close(self) -> None:
        """Close all databases."""
        with self._lock:
            domain_sources = list(self._open.values())
            self._open.clear()
        for domain_source in domain_sources:
            domain_source.close()

    def _find_external(self, domain: DomainName, own: MemoryStore) -> Domain | None:
        failure: StoreUnavailable | StoreError | None = None
        for one in own.external_domains:
            try:
                if self._domain_source(one.directory).has_domain(domain):
                    return own.with_pinned_document(one.for_domain(domain))
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
        self._counts = metrics if metrics is not None else Metrics()
        super().__init__(None, self._counts)
        self._opener = opener
        self._limits = limits
        self._lending: ExternalStore | None = None
        self._cache: DomainCache | None = None
        self._lends = asyncio.Event()

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None.

        Raises:
            StoreUnavailable: no providers file could be read yet, or a database does not answer and
                no earlier answer is known.
            StoreError: the operator must fix a database first, and no earlier answer is known.
        """
        if self._cache is None or self._store is None:
            return await super().find(domain)
        found = self._store.find(domain)
        if is_exact(found):
            self._counts.cache_hit()
            return found
        return await self._cache.find(domain)

    def replace(self, store: MemoryStore) -> None:
        """Use another file from now on, and query the databases again for every domain."""
        super().replace(store)
        if self._lending is not None and self._cache is not None:
            self._lending.replace(store)
            self._cache.expire()
        elif store.external_domains:
            self._lending = ExternalStore(store, self._opener)
            self._cache = DomainCache(self._lending, self._limits, metrics=self._counts)
            self._lends.set()

    def clear(self) -> None:
        """Remove all cached answers of the databases."""
        if self._cache is not None:
            self._cache.clear()

    def expire(self) -> None:
        """Query the databases again for every domain, and use old answers if they fail."""
        if self._cache is not None:
            self._cache.expire()

    async def watch(self) -> None:
        """Query unavailable databases until they answer again. Does not return."""
        await self._lends.wait()
        if self._cache is not None:
            await self._cache.watch()

    async def close(self) -> None:
        """Close the databases."""
        if self._cache is not None:
            await self._cache.close()


def is_exact(found: Domain | None) -> bool:
    """Return whether an entry is for one domain alone."""
    return found is not None and found.pattern.kind is MatchKind.EXACT
