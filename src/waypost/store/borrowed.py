"""Domains that other databases know, beside those of a providers file."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Protocol

from waypost.address import DomainName
from waypost.errors import (
    DirectoryBusy,
    DirectoryError,
    DirectoryUnavailable,
    StoreBusy,
    StoreError,
    StoreUnavailable,
)
from waypost.metrics import Metrics
from waypost.model import Directory, Domain, MatchKind, Provider, SqlDirectory
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore


class Lender(Protocol):
    """Whoever knows which domains exist. It may block, and several threads may ask at once."""

    def has_domain(self, domain: DomainName) -> bool:
        """Return whether a domain exists.

        Raises:
            DirectoryUnavailable: it does not answer; asking later may help.
            DirectoryError: it must be mended first.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


LenderOpener = Callable[[SqlDirectory], Lender]
"""Opens a lender, without any connection yet; raises DirectoryError."""


class BorrowingStore:
    """What a providers file says, and what others know. Implements `store.Store`."""

    def __init__(self, own: MemoryStore, opener: LenderOpener) -> None:
        """Take the file's own domains, which name the lenders; each is opened when it is asked."""
        self._own = own
        self._opener = opener
        self._open: dict[SqlDirectory, Lender] = {}
        self._lock = Lock()

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain: exact in the file, else lent, else by a pattern.

        Raises:
            StoreUnavailable: a lender does not answer, and no other knows the domain.
            StoreError: a lender must be mended first, and no other knows the domain.
        """
        found = self._own.find(domain)
        if is_exact(found):
            return found
        return self._lent(domain, self._own) or found

    def providers(self) -> Iterator[Provider]:
        """Return who runs the domains, those of others included."""
        return self._own.providers()

    @property
    def directories(self) -> Sequence[Directory]:
        """All directories that the file describes."""
        return self._own.directories

    def replace(self, own: MemoryStore) -> None:
        """Take another file; lenders that it does not name are closed."""
        with self._lock:
            self._own = own
            named = {one.directory for one in own.borrowed}
            idle = [self._open.pop(one) for one in list(self._open) if one not in named]
        for lender in idle:
            lender.close()

    def close(self) -> None:
        """Close all lenders."""
        with self._lock:
            lenders = list(self._open.values())
            self._open.clear()
        for lender in lenders:
            lender.close()

    def _lent(self, domain: DomainName, own: MemoryStore) -> Domain | None:
        failure: StoreUnavailable | StoreError | None = None
        for one in own.borrowed:
            try:
                if self._lender(one.directory).has_domain(domain):
                    return own.holding(one.for_domain(domain))
            except DirectoryBusy as error:
                failure = StoreBusy(str(error))
            except DirectoryUnavailable as error:
                failure = StoreUnavailable(str(error))
            except DirectoryError as error:
                failure = StoreError(str(error))
        if failure is not None:
            # Nobody can tell whether the domain exists, so no pattern may answer in its place.
            raise failure
        return None

    def _lender(self, directory: SqlDirectory) -> Lender:
        with self._lock:
            if (lender := self._open.get(directory)) is None:
                lender = self._open[directory] = self._opener(directory)
            return lender


class BorrowingDomains(MemoryDomains):
    """A providers file for the event loop, with a cache in front of those who lend it domains.

    What stands in the file is answered from memory, whatever the others do.
    """

    def __init__(
        self, opener: LenderOpener, limits: CacheLimits, metrics: Metrics | None = None
    ) -> None:
        """Take who opens lenders, and how much is kept of their answers; no file is read yet."""
        super().__init__(None, metrics)
        self._opener = opener
        self._limits = limits
        self._lending: BorrowingStore | None = None
        self._cache: DomainCache | None = None
        self._lends = asyncio.Event()

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None.

        Raises:
            StoreUnavailable: no providers file could be read yet, or a lender does not answer and
                no earlier answer is known.
            StoreError: a lender must be mended first, and no earlier answer is known.
        """
        if self._cache is None or self._store is None:
            return await super().find(domain)
        found = self._store.find(domain)
        if is_exact(found):
            self._metrics.cache_hit()
            return found
        return await self._cache.find(domain)

    def replace(self, store: MemoryStore) -> None:
        """Answer from another file from now on, and ask lenders again for everything."""
        super().replace(store)
        if self._lending is not None and self._cache is not None:
            self._lending.replace(store)
            self._cache.expire()
        elif store.borrowed:
            self._lending = BorrowingStore(store, self._opener)
            self._cache = DomainCache(self._lending, self._limits, metrics=self._metrics)
            self._lends.set()

    def clear(self) -> None:
        """Forget what lenders have answered."""
        if self._cache is not None:
            self._cache.clear()

    def expire(self) -> None:
        """Ask lenders again for everything, and keep old answers for those who fail."""
        if self._cache is not None:
            self._cache.expire()

    async def watch(self) -> None:
        """Bring back lenders that are away. Does not end."""
        await self._lends.wait()
        if self._cache is not None:
            await self._cache.watch()

    async def close(self) -> None:
        """Close the lenders as well."""
        if self._cache is not None:
            await self._cache.close()


def is_exact(found: Domain | None) -> bool:
    """Return whether an entry is for one domain alone."""
    return found is not None and found.pattern.kind is MatchKind.EXACT
