"""A database that may not have been there yet when Waypost started."""

import threading
from collections.abc import Callable

from waypost.address import DomainName
from waypost.model import Domain
from waypost.store import Store


class WakingStore:
    """Prepares a store before the first question that reaches it. Implements `store.Store`."""

    def __init__(self, store: Store, prepare: Callable[[], object]) -> None:
        """Take the store, and what must have gone well once before it can be asked.

        Args:
            store: safe to use from several threads.
            prepare: such as an upgrade of the tables; raises the errors of `store.Store.find`.
        """
        self._store = store
        self._prepare = prepare
        self._lock = threading.Lock()
        self._ready = False

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain. Errors are those of the store and of its preparation."""
        if not self._ready:
            with self._lock:
                if not self._ready:
                    self._prepare()
                    self._ready = True
        return self._store.find(domain)

    def close(self) -> None:
        """Close the store."""
        self._store.close()
