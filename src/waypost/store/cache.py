"""What was found, and what was not, kept for a short while in front of a store.

A hit is answered on the event loop: no thread, no database. A miss asks the store once, however
many wait for it. When the store fails, the last good answer goes on.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import structlog

from waypost.address import DomainName
from waypost.errors import StoreError, StoreUnavailable
from waypost.model import Domain
from waypost.store import Store

COMPLAINT_INTERVAL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How much is kept, and for how long.

    Attributes:
        ttl_seconds: how long an answer is taken without asking again; 0 asks every time.
        stale_ttl_seconds: how long an answer may go on after that while the store fails.
        size: how many served domains are kept.
        negative_size: how many domains that are not served are kept, apart from the others, so
            that a flood of invented names cannot push out real ones.
    """

    ttl_seconds: float = 10.0
    stale_ttl_seconds: float = 86_400.0
    size: int = 10_000
    negative_size: int = 10_000


@dataclass(slots=True)
class _Kept:
    found: Domain | None
    fresh_until: float
    kept_until: float


class DomainCache:
    """A cache for one event loop. Implements `lookup.DomainFinder`."""

    def __init__(
        self,
        store: Store,
        limits: CacheLimits,
        *,
        threads: int = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Put a cache in front of a store.

        Args:
            store: asked in a thread of the cache's own.
            limits: how much is kept, and for how long.
            threads: how many questions the store gets at once.
            clock: seconds that only grow.
        """
        self._store = store
        self._limits = limits
        self._clock = clock
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._served: OrderedDict[DomainName, _Kept] = OrderedDict()
        self._unserved: OrderedDict[DomainName, _Kept] = OrderedDict()
        self._loading: dict[DomainName, asyncio.Task[Domain | None]] = {}
        self._last_complaint = -COMPLAINT_INTERVAL_SECONDS
        self._log = structlog.get_logger(__name__)

    async def find(self, domain: DomainName) -> Domain | None:
        """Give the entry for a domain, or None, from memory or else from the store.

        Raises:
            StoreUnavailable: the store does not answer, and no earlier answer is known.
            StoreError: the store cannot be used, and no earlier answer is known.
        """
        kept = self._recall(domain)
        if kept is not None and self._clock() < kept.fresh_until:
            return kept.found
        task = self._loading.get(domain)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._load(domain))
            self._loading[domain] = task
            task.add_done_callback(lambda done: self._loaded(domain, done))
        # The client that asked first may go away; the others still wait for the answer.
        return await asyncio.shield(task)

    def clear(self) -> None:
        """Forget everything, because the store was changed by this process."""
        self._served.clear()
        self._unserved.clear()

    async def close(self) -> None:
        """Wait for the questions under way and close the store. The cache is unusable after."""
        if self._loading:
            await asyncio.wait(list(self._loading.values()))
        self._executor.shutdown(wait=True)
        self._store.close()

    def _recall(self, domain: DomainName) -> _Kept | None:
        for kept_domains in (self._served, self._unserved):
            if (kept := kept_domains.get(domain)) is not None:
                kept_domains.move_to_end(domain)
                return kept
        return None

    async def _load(self, domain: DomainName) -> Domain | None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._executor, self._store.find, domain)
        except (StoreUnavailable, StoreError) as error:
            return self._last_good(domain, error)
        self._keep(domain, found)
        return found

    def _loaded(self, domain: DomainName, task: asyncio.Task[Domain | None]) -> None:
        self._loading.pop(domain, None)
        if not task.cancelled():
            task.exception()  # Marks it as seen where nobody waits for it any more.

    def _last_good(self, domain: DomainName, error: StoreUnavailable | StoreError) -> Domain | None:
        now = self._clock()
        if now - self._last_complaint >= COMPLAINT_INTERVAL_SECONDS:
            self._last_complaint = now
            self._log.error("store failed", code=error.code, reason=str(error))
        kept = self._recall(domain)
        if kept is None or now >= kept.kept_until:
            raise error
        kept.fresh_until = now + self._limits.ttl_seconds
        return kept.found

    def _keep(self, domain: DomainName, found: Domain | None) -> None:
        now = self._clock()
        fresh_until = now + self._limits.ttl_seconds
        kept = _Kept(found, fresh_until, fresh_until + self._limits.stale_ttl_seconds)
        served, unserved = self._served, self._unserved
        target, other, size = (
            (unserved, served, self._limits.negative_size)
            if found is None
            else (served, unserved, self._limits.size)
        )
        other.pop(domain, None)
        target[domain] = kept
        target.move_to_end(domain)
        while len(target) > size:
            target.popitem(last=False)
