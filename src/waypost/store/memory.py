"""A store that holds everything in memory, filled from a providers file or from the samples."""

from waypost.address import DomainName
from waypost.model import Catalog, Domain, candidates
from waypost.store.offers import Offers


class MemoryStore:
    """The whole catalog in one dict. Never unavailable."""

    def __init__(self, catalog: Catalog) -> None:
        """Take what a providers file says."""
        # A million domains: a name and a number each, and the rest is made when it is asked for.
        self._offers = Offers()
        self._numbers = {
            domain.pattern.text: self._offers.number(domain) for domain in catalog.domains
        }

    def find(self, domain: DomainName) -> Domain | None:
        """Give the entry that matches a domain best, or None."""
        for pattern in candidates(domain):
            if (number := self._numbers.get(pattern.text)) is not None:
                return self._offers[number].for_domain(pattern.text)
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""
