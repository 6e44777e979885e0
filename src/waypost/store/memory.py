"""A store in memory, filled from a providers file or from the samples."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, Protocol

from waypost.core.address import DomainName
from waypost.core.errors import StoreUnavailable
from waypost.core.model import Catalog, Domain, MatchKind, Provider, candidates
from waypost.runtime.lru import TwoPartCache
from waypost.store.interning import EntryTable

FOUND_MAX: Final = 10_000


class HitCounter(Protocol):
    """A counter of the answers from memory; implemented by `runtime.metrics.Metrics`."""

    def cache_hit(self) -> None:
        """Count one answer."""
        ...


class MemoryStore:
    """A store with the whole catalog in one dict. Never unavailable.

    Attributes:
        external_domains: domains in other databases; `store.external` queries them.
        directories: all directories in the file.
    """

    def __init__(self, catalog: Catalog, pinned: Mapping[str, bytes] | None = None) -> None:
        """Create a store.

        Args:
            catalog: the content of a providers file.
            pinned: the pinned PACC documents by domain (A-labels).
        """
        self.external_domains = catalog.external_domains
        self.directories = catalog.directories
        self._pinned = pinned or {}
        # For a million domains: each has a name and a number, and `find` creates the rest.
        self._entries = EntryTable()
        self._numbers = {
            domain.pattern.text: self._entries.number(domain) for domain in catalog.domains
        }

    def __len__(self) -> int:
        """Return the number of domains and patterns."""
        return len(self._numbers)

    def count_domains(self) -> int | None:
        """Return the number of domains and patterns; None if other databases have more."""
        return None if self.external_domains else len(self._numbers)

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry with the best match for a domain, or None."""
        for pattern in candidates(domain):
            if (number := self._numbers.get(pattern.text)) is not None:
                return self.with_pinned_document(self._entries[number].for_domain(pattern.text))
        return None

    def with_pinned_document(self, entry: Domain) -> Domain:
        """Return an entry with its pinned document; a pattern has none."""
        pinned = self._pinned.get(entry.pattern.text)
        if pinned is None or entry.pattern.kind is not MatchKind.EXACT:
            return entry
        return replace(entry, pinned_pacc=pinned)

    def providers(self) -> Iterator[Provider]:
        """Yield the providers of the domains; the same provider may come more than once."""
        entries = (self._entries[number] for number in range(len(self._entries)))
        yield from (entry.provider for entry in entries if entry.provider is not None)
        yield from (entry.provider for entry in self.external_domains)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class MemoryDomains:
    """A memory store for the event loop, which can be replaced while it is in use.

    Implements `lookup.DomainFinder`. Memory is never slow or unavailable.
    `find_fresh` keeps entries, so that the same domain gets the same object.
    """

    def __init__(self, store: MemoryStore | None, metrics: HitCounter | None = None) -> None:
        """Create it with the first store, or with None if the file could not be read yet."""
        self._store = store
        self._metrics = metrics
        self._found: TwoPartCache[DomainName, tuple[Domain | None]] = TwoPartCache(
            FOUND_MAX, FOUND_MAX
        )

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None.

        Raises:
            StoreUnavailable: no providers file could be read yet.
        """
        if self._store is None:
            raise StoreUnavailable("the providers file could not be read yet")
        if self._metrics is not None:
            self._metrics.cache_hit()
        return self._store.find(domain)

    def find_fresh(self, domain: DomainName) -> tuple[Domain | None] | None:
        """Return the entry of a domain in a tuple; None if there is no providers file yet."""
        if self._store is None:
            return None
        found = self._found.get(domain)
        if found is None:
            found = (self._store.find(domain),)
            self._found.put(domain, found, is_found=found[0] is not None)
        return found

    @property
    def domain_count(self) -> int | None:
        """How many domains and patterns there are; None if this is not known."""
        return None if self._store is None else self._store.count_domains()

    def replace(self, store: MemoryStore) -> None:
        """Use another store from now on."""
        self._store = store
        self._found.clear()

    def clear(self) -> None:
        """Do nothing: every answer is current."""

    def expire(self) -> None:
        """Do nothing: every answer is current."""

    def is_ready(self) -> bool:
        """Return whether a providers file was read."""
        return self._store is not None

    async def count_domains(self) -> int | None:
        """Return `domain_count`; memory is always counted."""
        return self.domain_count

    async def watch(self) -> None:
        """Do nothing: memory is always available."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""
