"""A cache in front of a store, for domains that were found and domains that were not.

A hit is answered on the event loop, without a thread or the database. A miss queries the store
once, for all requests that wait for it. If the store fails or hangs, the last good answer is
used. docs/decisions/0003-cache.md says what is refreshed, when and why.
"""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from waypost.core.address import DomainName
from waypost.core.errors import StoreBusy, StoreError, StoreUnavailable
from waypost.core.model import Domain
from waypost.runtime.limits.query_charges import charge_query
from waypost.runtime.log_throttle import LogThrottle
from waypost.runtime.lru import TwoPartCache
from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_pool import WorkerPool
from waypost.store.protocol import CountedStore, Store

# After this part of its time to live, a requested answer is refreshed ahead of time.
REFRESH_AHEAD: Final = 0.5
# After a failure the store is not queried again for a domain during this time, or during the time
# to live if that is shorter.
RETRY_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 5.0
# An unavailable store is queried this often, for a name that cannot exist (RFC 6761 s6.4).
WATCH_SECONDS: Final = 1.0
WATCH_DOMAIN: Final = DomainName("waypost.invalid")

DomainTask = asyncio.Task[Domain | None]
StoreFailure = StoreUnavailable | StoreError
StorePool = WorkerPool[DomainName, Domain | None]


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Limits of the cache: sizes and times.

    Attributes:
        ttl_seconds: how long an answer is used without another query; 0 queries every time.
        stale_if_error_seconds: how long after that an answer is used while the store fails.
        size: how many served domains are cached.
        negative_size: how many domains that are not served are cached, apart from the others, so
            that a flood of invented names cannot evict real ones.
        queue: the maximum of waiting and running queries for domains that are not known to be
            served; more are refused.
        patience_seconds: how long a request with an old answer waits for a fresh one.
        first_patience_seconds: how long a request without any answer waits for one.
    """

    ttl_seconds: float = 10.0
    stale_if_error_seconds: float = 86_400.0
    size: int = 10_000
    negative_size: int = 10_000
    queue: int = 256
    patience_seconds: float = 0.5
    first_patience_seconds: float = 5.0


@dataclass(slots=True)
class _CachedDomain:
    """A cached answer, as old as its query: it may lack a change that was made later."""

    entry: Domain | None
    queried_at: float
    expires_at: float
    retry_at: float = -math.inf


class DomainCache:
    """A cache for one event loop. Implements `lookup.DomainFinder`."""

    def __init__(
        self,
        store: Store,
        limits: CacheLimits,
        *,
        metrics: Metrics | None = None,
        threads: int = 4,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create a cache in front of a store.

        Args:
            store: queried in the cache's own threads.
            limits: sizes and times.
            metrics: counts hits and misses; None counts nothing.
            threads: the number of simultaneous queries for domains known to be served, and the
                same number for all others, which therefore cannot delay the first.
            clock: monotonic seconds.
        """
        self._store = store
        self._limits = limits
        self._metrics = metrics if metrics is not None else Metrics()
        self._clock = clock
        self._metrics.watch_cache(self._cached_sizes)
        self._refresh_pool: StorePool = WorkerPool(
            "store-refresh", store.find, threads, _unexpected_error
        )
        self._lookup_pool: StorePool = WorkerPool(
            "store-explore", store.find, threads, _unexpected_error
        )
        self._cached: TwoPartCache[DomainName, _CachedDomain] = TwoPartCache(
            limits.size, limits.negative_size
        )
        self._queries: dict[DomainName, DomainTask] = {}
        self._tasks: set[DomainTask] = set()
        self._lookup_count = 0
        self._generation = 0
        self._is_unavailable = False
        self._last_answer_at = -math.inf
        self._usable_until = -math.inf
        self._domain_count: int | None = None
        self._is_count_due = False
        self._is_failure_logged = False
        self._failure_log = LogThrottle(clock)
        self._log = structlog.get_logger(__name__)

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None, from the cache or else from the store.

        Raises:
            StoreBusy: too many queries are waiting, and no earlier answer is known.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
            StoreError: the store cannot be used, and no earlier answer is known.
        """
        now = self._clock()
        cached = self._cached.get(domain)
        if cached is None or now >= max(
            cached.expires_at, cached.queried_at + self._limits.ttl_seconds
        ):
            self._metrics.cache_miss()
            return await self._find_uncached(domain)
        age = now - cached.queried_at
        if age >= self._limits.ttl_seconds:
            return await self._find_expired(domain, cached)
        # Invented names are not worth a query ahead of time.
        if cached.entry is not None and age >= self._limits.ttl_seconds * REFRESH_AHEAD:
            self._refresh(domain, cached, now)
        self._metrics.cache_hit()
        return cached.entry

    def find_fresh(self, domain: DomainName) -> tuple[Domain | None] | None:
        """Return the entry of a domain in a tuple; None if `find` must be used.

        `find` also starts the queries ahead of time.
        """
        cached = self._cached.get(domain)
        ttl = self._limits.ttl_seconds
        if cached is None:
            return None
        age = self._clock() - cached.queried_at
        if age >= ttl or (cached.entry is not None and age >= ttl * REFRESH_AHEAD):
            return None
        return (cached.entry,)

    def is_querying(self, domain: DomainName) -> bool:
        """Return whether a query for a domain is running."""
        return domain in self._queries

    def is_ready(self) -> bool:
        """Return whether the store answers, or answers about served domains are still usable.

        Before the first answer of the store, nothing is known, and nothing is ready.
        """
        if self._last_answer_at != -math.inf and not self._is_unavailable:
            return True
        return self._clock() < self._usable_until

    def clear(self) -> None:
        """Remove all answers, because this process changed the store."""
        self._cached.clear()
        self._usable_until = -math.inf
        self._abandon_queries()

    def expire(self) -> None:
        """Query the store again for every domain, and use old answers only if it fails.

        The domains are counted again, too.
        """
        self._is_count_due = True
        for cached in self._cached:
            cached.queried_at = cached.retry_at = -math.inf
        self._abandon_queries()

    async def watch(self) -> None:
        """Query a store that failed, or was never queried, until it answers. Does not return."""
        while True:
            if self._is_unavailable or self._last_answer_at == -math.inf:
                with suppress(StoreUnavailable, StoreError):
                    await asyncio.shield(self._query(WATCH_DOMAIN, self._lookup_pool))
            if self._is_count_due:
                self._is_count_due = await self.count_domains() is None
            await asyncio.sleep(WATCH_SECONDS)

    @property
    def domain_count(self) -> int | None:
        """How many domains the store had when they were counted last; None before that."""
        return self._domain_count

    async def count_domains(self) -> int | None:
        """Count the domains of the store; None if it cannot count them or does not answer."""
        if not isinstance(self._store, CountedStore):
            return None
        try:
            self._domain_count = await asyncio.to_thread(self._store.count_domains)
        except (StoreUnavailable, StoreError):
            return None
        return self._domain_count

    async def close(self) -> None:
        """Wait a short time for running queries, and close the store and the cache."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=CLOSE_SECONDS)
        for pool in (self._refresh_pool, self._lookup_pool):
            pool.close(0.0 if self._tasks else CLOSE_SECONDS)
        self._store.close()

    async def _find_uncached(self, domain: DomainName) -> Domain | None:
        """Wait for the answer for a domain without a usable earlier answer."""
        task = self._query(domain, self._lookup_pool)
        done, _ = await asyncio.wait({task}, timeout=self._limits.first_patience_seconds)
        if not done:
            raise self._record_timeout()
        return task.result()

    async def _find_expired(self, domain: DomainName, cached: _CachedDomain) -> Domain | None:
        """Wait a short time for a fresh answer instead of an expired one; else return that."""
        task = self._refresh(domain, cached, self._clock())
        # If the store is known to fail, waiting would only delay all requests.
        if task is not None and not self._is_unavailable:
            done, _ = await asyncio.wait({task}, timeout=self._limits.patience_seconds)
            if done and task.exception() is None:
                self._metrics.cache_miss()
                return task.result()
            if not done:
                self._record_timeout()
        self._metrics.cache_stale()
        return cached.entry

    def _refresh(self, domain: DomainName, cached: _CachedDomain, now: float) -> DomainTask | None:
        """Query a domain again, unless that failed just now or too many queries are waiting."""
        if now < cached.retry_at:
            return None
        pool = self._lookup_pool if cached.entry is None else self._refresh_pool
        try:
            return self._query(domain, pool)
        except StoreBusy:
            return None

    def _query(self, domain: DomainName, pool: StorePool) -> DomainTask:
        """Join the running query for a domain, or start one."""
        task = self._queries.get(domain)
        # The event loop calls `_on_query_end` a little after the end of a task.
        if task is not None and not task.done():
            return task
        is_lookup = pool is self._lookup_pool
        if is_lookup and self._lookup_count >= self._limits.queue:
            self._metrics.cache_refused()
            raise StoreBusy("too many queries are waiting for the store")
        charge_query()
        task = asyncio.get_running_loop().create_task(self._load(domain, pool))
        self._lookup_count += is_lookup
        self._queries[domain] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._on_query_end(domain, done, is_lookup=is_lookup))
        return task

    async def _load(self, domain: DomainName, pool: StorePool) -> Domain | None:
        generation, queried_at = self._generation, self._clock()
        start = time.perf_counter()
        if pool is self._refresh_pool:
            self._metrics.cache_refresh()
        try:
            entry = await pool.submit(domain)
        except (StoreUnavailable, StoreError) as error:
            if (cached := self._cached.get(domain)) is not None:
                cached.retry_at = self._clock() + min(self._limits.ttl_seconds, RETRY_SECONDS)
            raise self._record_failure(error) from None
        finally:
            self._metrics.record_store_query(time.perf_counter() - start)
        self._record_success()
        if generation == self._generation:
            self._store_answer(domain, entry, queried_at)
        return entry

    def _on_query_end(self, domain: DomainName, task: DomainTask, *, is_lookup: bool) -> None:
        self._lookup_count -= is_lookup
        self._tasks.discard(task)
        if self._queries.get(domain) is task:
            del self._queries[domain]
        if not task.cancelled():
            task.exception()  # Retrieves the exception if no request waits for it any more.

    def _cached_sizes(self) -> tuple[int, int]:
        return self._cached.sizes

    def _abandon_queries(self) -> None:
        """Stop using the running queries: no request joins them, and no answer is cached."""
        self._generation += 1
        self._queries.clear()

    def _record_timeout(self) -> StoreUnavailable:
        """Count that a request waited without success."""
        error = StoreUnavailable("the store did not answer in time")
        self._metrics.count_store_failure(error.code)
        # A store that answers other queries is only busy.
        if self._clock() - self._last_answer_at >= self._limits.patience_seconds:
            self._record_unavailable(error)
        return error

    def _record_failure(self, error: StoreFailure) -> StoreFailure:
        self._metrics.count_store_failure(error.code)
        self._record_unavailable(error)
        return error

    def _record_unavailable(self, error: StoreFailure) -> None:
        self._is_unavailable = True
        self._metrics.record_store_unavailable()
        if self._failure_log.should_log():
            self._is_failure_logged = True
            self._log.error("store failed", code=error.code, reason=str(error))

    def _record_success(self) -> None:
        self._last_answer_at = self._clock()
        self._is_unavailable = False
        self._metrics.record_store_success()
        if self._is_failure_logged:
            self._is_failure_logged = False
            self._log.info("store answers again")

    def _store_answer(self, domain: DomainName, entry: Domain | None, queried_at: float) -> None:
        lifetime = self._limits.ttl_seconds + self._limits.stale_if_error_seconds
        cached = _CachedDomain(entry, queried_at, queried_at + lifetime)
        if entry is not None:
            self._usable_until = max(self._usable_until, cached.expires_at)
        self._cached.put(domain, cached, is_found=entry is not None)


def _unexpected_error() -> StoreError:
    return StoreError("the query failed unexpectedly")
