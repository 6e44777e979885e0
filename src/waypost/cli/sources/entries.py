"""The entry of a domain, for a command: as a server finds it."""

from contextlib import closing

from waypost.core.address import DomainName
from waypost.core.model import Domain
from waypost.settings import Settings
from waypost.wiring import open_store


def entry_for(settings: Settings, domain: DomainName) -> Domain | None:
    """Open the source of the domains, and return the entry that matches a domain, or None.

    Raises:
        ProvidersError: mistakes in the providers file.
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
    """
    with closing(open_store(settings)) as store:
        return store.find(domain)
