"""The protocols of stores: domains with their services, and pinned documents."""

from typing import Protocol, runtime_checkable

from waypost.core.address import DomainName
from waypost.core.model import Domain


class Store(Protocol):
    """A store of domains. Its methods may block; `store.cache` keeps them off the event loop."""

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain: exact, else the longest `*.suffix`, else `*`, else None.

        Raises:
            StoreUnavailable: the store does not answer now; a retry may succeed.
            StoreError: the operator must fix the store first.
        """
        ...

    def close(self) -> None:
        """Close connections and files. Closing twice does nothing."""
        ...


@runtime_checkable
class CountedStore(Protocol):
    """A store that can count its domains. Its method raises the errors of `Store.find`."""

    def count_domains(self) -> int | None:
        """Return the number of domains and patterns; None if it is not known."""
        ...


class PinnedDocuments(Protocol):
    """Pinned PACC documents, which are sent instead of those rendered from the services.

    Raises the errors of the store, and `ProvidersError` if it is a file.
    """

    def all(self) -> dict[str, bytes]:
        """Return the pinned documents, by domain (A-labels)."""
        ...

    def pin(self, domain: DomainName, document: bytes) -> bytes:
        """Pin a document, unless one is pinned already; return the pinned one."""
        ...

    def unpin(self, domain: DomainName, document: bytes) -> bool:
        """Unpin a document; return False if it was not pinned any more."""
        ...
