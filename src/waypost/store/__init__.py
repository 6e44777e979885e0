"""Where domains and their services live: one protocol, several stores."""

from typing import Protocol

from waypost.address import DomainName
from waypost.model import Domain


class Store(Protocol):
    """A place that knows domains. Its methods may block; `store.cache` keeps them off the loop."""

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain: exact, else the longest `*.suffix`, else `*`, else None.

        Raises:
            StoreUnavailable: the store cannot be asked now; asking later may help.
            StoreError: the store must be mended first.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files. Closing twice does nothing."""
        ...


class PinnedDocuments(Protocol):
    """The PACC documents that go out in place of those that follow from the services.

    Errors are those of the store, and `ProvidersError` where it is a file.
    """

    def all(self) -> dict[str, bytes]:
        """Return what is pinned, by domain (A-labels)."""
        ...

    def pin(self, domain: DomainName, document: bytes) -> bytes:
        """Pin a document, unless one is pinned already; return the one that is pinned then."""
        ...

    def unpin(self, domain: DomainName, document: bytes) -> bool:
        """Unpin a document; return False if it is not pinned any more."""
        ...
