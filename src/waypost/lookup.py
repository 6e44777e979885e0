"""From an address or a domain to the one configuration that all formats are made of.

This is the only place where the store and (later) the directory meet.
"""

from typing import Protocol

from waypost.address import DomainName, EmailAddress
from waypost.errors import DomainNotServed
from waypost.model import ClientConfig, Domain
from waypost.placeholders import expand_domain


class DomainFinder(Protocol):
    """What the lookup asks for domains without ever blocking the event loop."""

    async def find(self, domain: DomainName) -> Domain | None:
        """Give the entry for a domain, or None. Errors are those of `store.Store.find`."""
        ...


class Lookup:
    """Answers for a running server."""

    def __init__(self, domains: DomainFinder) -> None:
        """Take the cache in front of the store."""
        self._domains = domains

    async def for_address(self, address: EmailAddress) -> ClientConfig:
        """Give the configuration for an address; no placeholder is left in it.

        Raises:
            DomainNotServed: nothing matches the domain of the address.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        return client_config(await self._domains.find(address.domain), address.domain, address)

    async def for_domain(self, domain: DomainName) -> ClientConfig:
        """Give the configuration for a domain; what needs the local part stays a placeholder.

        Raises:
            DomainNotServed: nothing matches the domain.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        return client_config(await self._domains.find(domain), domain, None)


def client_config(
    entry: Domain | None, domain: DomainName, address: EmailAddress | None
) -> ClientConfig:
    """Make a configuration from what a store found.

    Raises:
        DomainNotServed: the store found nothing.
    """
    if entry is None:
        raise DomainNotServed(f"{domain} is not served here")
    return expand_domain(entry, domain, address)
