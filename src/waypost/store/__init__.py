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
