"""The protection of the event loop from a directory: cache, bulkhead, time limit, breaker.

A slow or unavailable directory must delay its own domains by its time limit at most, and must not
delay other domains (docs/decisions/0006-directories.md).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from waypost.core import model
from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryBusy, DirectoryError, DirectoryUnavailable
from waypost.core.model import User
from waypost.directory.breaker import CircuitBreaker
from waypost.directory.entries import requested_attributes, user_of
from waypost.directory.protocol import DirectorySource
from waypost.runtime.limits.query_charges import charge_query
from waypost.runtime.log_throttle import LogThrottle
from waypost.runtime.lru import LruCache
from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_pool import WorkerPool

CLOSE_SECONDS: Final = 2.0
# How many lookups may wait for each directory thread.
QUEUE_FACTOR: Final = 16

DirectoryFailure = DirectoryUnavailable | DirectoryError
UserTask = asyncio.Task[User | None]


@dataclass(frozen=True, slots=True)
class UserCacheLimits:
    """The limits of a directory's cache.

    Attributes:
        size: how many answers are cached, for known and unknown users together; and how many
            known users are cached in addition, for the time when the directory is unavailable.
        stale_if_error_seconds: how long the last answer about a user is used while the
            directory does not answer.
    """

    size: int = 10_000
    stale_if_error_seconds: float = 86_400.0


@dataclass(frozen=True, slots=True)
class _CachedUser:
    user: User | None
    queried_at: float


class ResilientDirectory:
    """One directory for one event loop, with cache, time limit and circuit breaker."""

    def __init__(
        self,
        source: DirectorySource,
        directory: model.Directory,
        *,
        cache_limits: UserCacheLimits | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the protection; the directory is not queried yet.

        Args:
            source: the directory, called in its own threads.
            directory: the name, the attributes and the limits of the directory.
            cache_limits: the cache limits.
            metrics: the metrics to update; None discards them.
            clock: a monotonic clock, in seconds.
        """
        cache_limits = cache_limits or UserCacheLimits()
        self._source = source
        self._label = directory.label
        self._requested_attributes = requested_attributes(directory)
        self._limits = directory.limits
        self._stale_ttl_seconds = cache_limits.stale_if_error_seconds
        self._metrics = metrics if metrics is not None else Metrics()
        self._record_query = self._metrics.directory_timer(self._label)
        self._clock = clock
        self._pool: WorkerPool[EmailAddress, User | None] = WorkerPool(
            f"directory-{self._label}",
            self._find,
            self._limits.max_searches,
            self._unexpected_error,
        )
        self._breaker = CircuitBreaker(clock)
        # The duration of an answer shows whether it was cached, so caching must not depend on the
        # answer: known and unknown users share one cache and one time to live.
        self._cache: LruCache[EmailAddress, _CachedUser] = LruCache(cache_limits.size)
        # Read only while the directory is unavailable. Unknown addresses are never stored here.
        self._stale_cache: LruCache[EmailAddress, _CachedUser] = LruCache(cache_limits.size)
        self._lookups: dict[EmailAddress, UserTask] = {}
        self._failure_log = LogThrottle(clock)
        self._is_failure_logged = False
        self._log = structlog.get_logger(__name__)

    async def user_for(self, address: EmailAddress) -> User | None:
        """Return the user that an address belongs to, or None if the directory has no such user.

        Raises:
            DirectoryUnavailable: the directory does not answer within its time limit, and no
                earlier answer is cached.
            DirectoryError: the directory cannot be used as it is configured, and no earlier answer
                is cached.
        """
        cached = self._cache.get(address)
        if cached is not None and self._clock() - cached.queried_at < self._limits.ttl_seconds:
            self._count("hit")
            return cached.user
        try:
            user = await self._look_up(address)
        except (DirectoryUnavailable, DirectoryError):
            stale = self._stale_cache.get(address)
            if stale is None or not self._is_usable(stale):
                self._count("general")
                raise
            self._count("stale")
            return stale.user
        self._count("miss")
        return user

    def is_querying(self, address: EmailAddress) -> bool:
        """Return whether a lookup of a user is in progress."""
        return address in self._lookups

    async def close(self) -> None:
        """Close the directory."""
        self._pool.close(0.0 if self._lookups else CLOSE_SECONDS)
        self._source.close()

    async def _look_up(self, address: EmailAddress) -> User | None:
        task = self._lookups.get(address)
        # The event loop calls `_on_lookup_end` a little after the end of a task.
        if task is None or task.done():
            task = self._start_lookup(address)
        done, _ = await asyncio.wait({task}, timeout=self._limits.time_limit_seconds)
        if not done:
            raise self._record_failure(DirectoryUnavailable("does not answer in time"))
        return task.result()

    def _start_lookup(self, address: EmailAddress) -> UserTask:
        """Start a lookup; raise at once if the breaker is open."""
        if not self._breaker.allows_lookup():
            raise DirectoryUnavailable("did not answer; the next attempt is in some seconds")
        if len(self._lookups) >= self._limits.max_searches * (1 + QUEUE_FACTOR):
            self._metrics.directory_queue_full()
            raise DirectoryBusy("too many lookups wait for the directory")
        charge_query()
        task = asyncio.get_running_loop().create_task(self._load(address))
        self._lookups[address] = task
        task.add_done_callback(lambda done: self._on_lookup_end(address, done))
        if self._breaker.is_half_open:
            # The trial runs in the background: no client waits for it.
            raise DirectoryUnavailable("did not answer; an attempt is in progress")
        return task

    async def _load(self, address: EmailAddress) -> User | None:
        queried_at = self._clock()
        start = time.perf_counter()
        try:
            user = await self._pool.submit(address)
        except (DirectoryUnavailable, DirectoryError) as error:
            raise self._record_failure(error) from None
        finally:
            self._record_query(time.perf_counter() - start)
        # An answer that is too late for its client is cached, but does not close the breaker.
        if self._clock() - queried_at <= self._limits.time_limit_seconds:
            self._record_success()
        self._store_answer(address, _CachedUser(user, queried_at))
        return user

    def _store_answer(self, address: EmailAddress, cached: _CachedUser) -> None:
        self._cache.put(address, cached)
        if cached.user is None:
            self._stale_cache.discard(address)
        else:
            self._stale_cache.put(address, cached)

    def _find(self, address: EmailAddress) -> User | None:
        """Return the user from the directory; runs in a thread of the worker pool."""
        entry = self._source.find(address)
        return None if entry is None else user_of(entry, self._requested_attributes)

    def _on_lookup_end(self, address: EmailAddress, task: UserTask) -> None:
        if self._lookups.get(address) is task:
            del self._lookups[address]
        if not task.cancelled():
            task.exception()  # Marks it as retrieved if no client waits any more.

    def _is_usable(self, cached: _CachedUser) -> bool:
        ttl = self._limits.ttl_seconds + self._stale_ttl_seconds
        return self._clock() - cached.queried_at < ttl

    def _unexpected_error(self) -> DirectoryError:
        return DirectoryError("the lookup ended by a defect in Waypost; see the log")

    def _record_success(self) -> None:
        self._breaker.record_success()
        self._metrics.record_directory_state(self._label, up=True)
        if self._is_failure_logged:
            self._is_failure_logged = False
            self._log.info("directory answers again", directory=self._label)

    def _record_failure(self, error: DirectoryFailure) -> DirectoryFailure:
        self._breaker.record_failure()
        self._metrics.count_directory_failure(self._label, error.code)
        self._metrics.record_directory_state(self._label, up=False)
        if self._failure_log.should_log():
            self._is_failure_logged = True
            fields = {"directory": self._label, "code": error.code, "reason": str(error)}
            self._log.error("directory failed", **fields)
        return error

    def _count(self, kind: str) -> None:
        self._metrics.count_directory_answer(self._label, kind)
