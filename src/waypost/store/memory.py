"""A store that holds everything in memory, filled from a providers file or from the samples."""

from waypost.address import DomainName
from waypost.model import Catalog, Domain, DomainPattern, candidates


class MemoryStore:
    """The whole catalog in one dict. Never unavailable."""

    def __init__(self, catalog: Catalog) -> None:
        """Take what a providers file says."""
        self._domains: dict[DomainPattern, Domain] = {
            domain.pattern: domain for domain in catalog.domains
        }

    def find(self, domain: DomainName) -> Domain | None:
        """Give the entry that matches a domain best, or None."""
        for pattern in candidates(domain):
            if (found := self._domains.get(pattern)) is not None:
                return found
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
