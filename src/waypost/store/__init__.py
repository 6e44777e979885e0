"""Where domains and their services live: one protocol, several stores."""

from typing import Protocol

from waypost.address import DomainName
from waypost.model import Domain


class Store(Protocol):
    """A place that knows domains. Its methods may block; `store.cache` keeps them off the loop."""

    def find(self, domain: DomainName) -> Domain | None:
        """Give the entry for a domain: exact, else the longest `*.suffix`, else `*`, else None.

        Raises:
            StoreUnavailable: the store cannot be asked now; asking later may help.
            StoreError: the store must be mended first.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files. Closing twice does nothing."""
        ...


class HeldDocuments(Protocol):
    """The PACC documents that go out in place of those that follow from the services.

    Errors are those of the store, and `ProvidersError` where it is a file.
    """

    def all(self) -> dict[str, bytes]:
        """Give what is held, by domain (A-labels)."""
        ...

    def hold(self, domain: DomainName, document: bytes) -> bytes:
        """Hold a document, unless one is held already; give what is held then."""
        ...

    def release(self, domain: DomainName, document: bytes) -> bool:
        """Let go of a document; give False where it is not held any more."""
        ...
