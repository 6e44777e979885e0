"""A store that holds everything in memory, filled from a providers file or from the samples."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from waypost.address import DomainName
from waypost.errors import StoreUnavailable
from waypost.metrics import Metrics
from waypost.model import Catalog, Domain, MatchKind, Provider, candidates
from waypost.store.offers import Offers


class MemoryStore:
    """The whole catalog in one dict. Never unavailable.

    Attributes:
        borrowed: domains that others know; `store.borrowed` asks for them.
        directories: all that the file describes.
    """

    def __init__(self, catalog: Catalog, pinned: Mapping[str, bytes] | None = None) -> None:
        """Take what a providers file says, and the pinned PACC documents by domain (A-labels)."""
        self.borrowed = catalog.borrowed
        self.directories = catalog.directories
        self._pinned = pinned or {}
        # A million domains: a name and a number each, and the rest is made when it is asked for.
        self._offers = Offers()
        self._numbers = {
            domain.pattern.text: self._offers.number(domain) for domain in catalog.domains
        }

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry that matches a domain best, or None."""
        for pattern in candidates(domain):
            if (number := self._numbers.get(pattern.text)) is not None:
                return self.holding(self._offers[number].for_domain(pattern.text))
        return None

    def holding(self, entry: Domain) -> Domain:
        """Return an entry with the document that is pinned for it; for a pattern none is."""
        pinned = self._pinned.get(entry.pattern.text)
        if pinned is None or entry.pattern.kind is not MatchKind.EXACT:
            return entry
        return replace(entry, pinned_pacc=pinned)

    def providers(self) -> Iterator[Provider]:
        """Yield who runs the domains; somebody may come more than once."""
        offers = (self._offers[number] for number in range(len(self._offers)))
        yield from (one.provider for one in offers if one.provider is not None)
        yield from (one.provider for one in self.borrowed)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class MemoryDomains:
    """A memory store for the event loop, which can be replaced by another while it is asked.

    Implements `lookup.DomainFinder`. Nothing can be slow or away here, so there is no cache.
    """

    def __init__(self, store: MemoryStore | None, metrics: Metrics | None = None) -> None:
        """Take the first store, or None where its file could not be read yet."""
        self._store = store
        self._metrics = metrics if metrics is not None else Metrics()

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None.

        Raises:
            StoreUnavailable: no providers file could be read yet.
        """
        if self._store is None:
            raise StoreUnavailable("the providers file could not be read yet")
        self._metrics.cache_hit()
        return self._store.find(domain)

    def replace(self, store: MemoryStore) -> None:
        """Answer from another store from now on."""
        self._store = store

    def clear(self) -> None:
        """Do nothing: every answer is of this moment."""

    def expire(self) -> None:
        """Do nothing: every answer is of this moment."""

    async def watch(self) -> None:
        """Do nothing: memory does not go away."""

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
