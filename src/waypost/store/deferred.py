"""A store that is prepared at its first query, because it may be unavailable at the start."""

import threading
from collections.abc import Callable

from waypost.core.address import DomainName
from waypost.core.model import Domain
from waypost.store.protocol import CountedStore, Store


class DeferredStore:
    """A store that is prepared before its first query. Implements `store.Store`."""

    def __init__(self, store: Store, prepare: Callable[[], object]) -> None:
        """Create the store.

        Args:
            store: safe to use from several threads.
            prepare: called before queries until it succeeds once, such as an upgrade of the
                tables; raises the errors of `store.Store.find`.
        """
        self._store = store
        self._prepare = prepare
        self._lock = threading.Lock()
        self._ready = False

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain; raise the errors of the store and of its preparation."""
        if not self._ready:
            with self._lock:
                if not self._ready:
                    self._prepare()
                    self._ready = True
        return self._store.find(domain)

    def count_domains(self) -> int | None:
        """Return the number of domains; None if it is not known."""
        if not self._ready or not isinstance(self._store, CountedStore):
            return None
        return self._store.count_domains()

    def close(self) -> None:
        """Close the store."""
        self._store.close()
