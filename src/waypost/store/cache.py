"""What was found, and what was not, kept for a short while in front of a store.

A hit is answered on the event loop: no thread, no database. A miss asks the store once, however
many wait for it. When the store fails or hangs, the last good answer goes on. What is renewed
when, and why, stands in docs/decisions/0003-cache.md.
"""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from waypost.address import DomainName
from waypost.errors import StoreBusy, StoreError, StoreUnavailable
from waypost.keeping import Keeping
from waypost.lanes import Lane
from waypost.metrics import Metrics
from waypost.model import Domain
from waypost.seldom import Seldom
from waypost.store import Store

# From this part of its time to live on, an answer that is asked for is renewed ahead.
REFRESH_AHEAD: Final = 0.5
# After a failure a domain is not asked for again before that, or its time to live if less.
RETRY_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 5.0
# A store that is away is asked so often for a name that nobody has (RFC 6761 s6.4).
WATCH_SECONDS: Final = 1.0
WATCH_DOMAIN: Final = DomainName("waypost.invalid")

Asking = asyncio.Task[Domain | None]
Failure = StoreUnavailable | StoreError
StoreLane = Lane[DomainName, Domain | None]


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How much is kept, and for how long.

    Attributes:
        ttl_seconds: how long an answer is taken without asking again; 0 asks every time.
        stale_if_error_seconds: how long an answer may go on after that while the store fails.
        size: how many served domains are kept.
        negative_size: how many domains that are not served are kept, apart from the others, so
            that a flood of invented names cannot push out real ones.
        queue: how many questions about domains that are not known to be served may wait or go on
            at once; more are refused.
        patience_seconds: how long a domain with an old answer waits for a fresh one.
        first_patience_seconds: how long a domain without any answer waits for one.
    """

    ttl_seconds: float = 10.0
    stale_if_error_seconds: float = 86_400.0
    size: int = 10_000
    negative_size: int = 10_000
    queue: int = 256
    patience_seconds: float = 0.5
    first_patience_seconds: float = 5.0


@dataclass(slots=True)
class _Kept:
    """An answer, as old as its question: a change made later may be missing in it."""

    found: Domain | None
    asked_at: float
    kept_until: float
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
        """Put a cache in front of a store.

        Args:
            store: asked in threads of the cache's own.
            limits: how much is kept, and for how long.
            metrics: what is counted; None counts for nobody.
            threads: how many questions the store gets at once for domains known to be served,
                and as many again for all others, which therefore cannot delay the first.
            clock: seconds that only grow.
        """
        self._store = store
        self._limits = limits
        self._metrics = metrics if metrics is not None else Metrics()
        self._clock = clock
        self._refreshing: StoreLane = Lane("store-refresh", store.find, threads, _broken)
        self._exploring: StoreLane = Lane("store-explore", store.find, threads, _broken)
        self._kept: Keeping[DomainName, _Kept] = Keeping(limits.size, limits.negative_size)
        self._asking: dict[DomainName, Asking] = {}
        self._tasks: set[Asking] = set()
        self._explorers = 0
        self._generation = 0
        self._away = False
        self._answered_at = -math.inf
        self._complained = False
        self._failure = Seldom(clock)
        self._log = structlog.get_logger(__name__)

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None, from memory or else from the store.

        Raises:
            StoreBusy: too many questions wait already, and no earlier answer is known.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
            StoreError: the store cannot be used, and no earlier answer is known.
        """
        now = self._clock()
        kept = self._kept.recall(domain)
        if kept is None or now >= max(kept.kept_until, kept.asked_at + self._limits.ttl_seconds):
            self._metrics.cache_miss()
            return await self._first(domain)
        age = now - kept.asked_at
        if age >= self._limits.ttl_seconds:
            return await self._renewed(domain, kept)
        # Invented names are not worth a question ahead of time.
        if kept.found is not None and age >= self._limits.ttl_seconds * REFRESH_AHEAD:
            self._refresh(domain, kept, now)
        self._metrics.cache_hit()
        return kept.found

    def asks(self, domain: DomainName) -> bool:
        """Return whether a question about a domain is under way."""
        return domain in self._asking

    def clear(self) -> None:
        """Forget everything, because the store was changed by this process."""
        self._kept.clear()
        self._forget_questions()

    def expire(self) -> None:
        """Take no answer without asking again; the old ones stay for a store that fails."""
        for kept in self._kept:
            kept.asked_at = kept.retry_at = -math.inf
        self._forget_questions()

    async def watch(self) -> None:
        """Ask a store that is away, or was never asked, until it answers again. Does not end."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._away or self._answered_at == -math.inf:
                with suppress(StoreUnavailable, StoreError):
                    await asyncio.shield(self._ask(WATCH_DOMAIN, self._exploring))

    async def close(self) -> None:
        """Wait a while for the questions under way and close the store, which ends the cache."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=CLOSE_SECONDS)
        for lane in (self._refreshing, self._exploring):
            lane.close(0.0 if self._tasks else CLOSE_SECONDS)
        self._store.close()

    async def _first(self, domain: DomainName) -> Domain | None:
        """Wait for the answer about a domain of which nothing usable is known."""
        task = self._ask(domain, self._exploring)
        done, _ = await asyncio.wait({task}, timeout=self._limits.first_patience_seconds)
        if not done:
            raise self._late()
        return task.result()

    async def _renewed(self, domain: DomainName, kept: _Kept) -> Domain | None:
        """Wait a moment for a fresh answer in place of one too old; else give the old one."""
        task = self._refresh(domain, kept, self._clock())
        # Where the store is known to be away, waiting would only make everybody slow.
        if task is not None and not self._away:
            done, _ = await asyncio.wait({task}, timeout=self._limits.patience_seconds)
            if done and task.exception() is None:
                self._metrics.cache_miss()
                return task.result()
            if not done:
                self._late()
        self._metrics.cache_stale()
        return kept.found

    def _refresh(self, domain: DomainName, kept: _Kept, now: float) -> Asking | None:
        """Ask again about a domain, unless that failed just now or too many wait."""
        if now < kept.retry_at:
            return None
        lane = self._exploring if kept.found is None else self._refreshing
        try:
            return self._ask(domain, lane)
        except StoreBusy:
            return None

    def _ask(self, domain: DomainName, lane: StoreLane) -> Asking:
        """Join the question about a domain that is under way, or begin one."""
        if (task := self._asking.get(domain)) is not None:
            return task
        explores = lane is self._exploring
        if explores and self._explorers >= self._limits.queue:
            self._metrics.cache_refused()
            raise StoreBusy("too many questions wait for the store")
        task = asyncio.get_running_loop().create_task(self._load(domain, lane))
        self._explorers += explores
        self._asking[domain] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._asked(domain, done, explores=explores))
        return task

    async def _load(self, domain: DomainName, lane: StoreLane) -> Domain | None:
        generation, asked_at = self._generation, self._clock()
        if lane is self._refreshing:
            self._metrics.cache_refresh()
        try:
            found = await lane.ask(domain)
        except (StoreUnavailable, StoreError) as error:
            if (kept := self._kept.recall(domain)) is not None:
                kept.retry_at = self._clock() + min(self._limits.ttl_seconds, RETRY_SECONDS)
            raise self._failed(error) from None
        self._answered()
        if generation == self._generation:
            self._keep(domain, found, asked_at)
        return found

    def _asked(self, domain: DomainName, task: Asking, *, explores: bool) -> None:
        self._explorers -= explores
        self._tasks.discard(task)
        if self._asking.get(domain) is task:
            del self._asking[domain]
        if not task.cancelled():
            task.exception()  # Marks it as seen where nobody waits for it any more.

    def _forget_questions(self) -> None:
        """Let nobody join a question asked before now, nor keep its answer."""
        self._generation += 1
        self._asking.clear()

    def _late(self) -> StoreUnavailable:
        """Note that somebody waited in vain."""
        error = StoreUnavailable("the store does not answer in time")
        self._metrics.store_failed(error.code)
        # A store that answers others only has much to do.
        if self._clock() - self._answered_at >= self._limits.patience_seconds:
            self._note_away(error)
        return error

    def _failed(self, error: Failure) -> Failure:
        self._metrics.store_failed(error.code)
        self._note_away(error)
        return error

    def _note_away(self, error: Failure) -> None:
        self._away = True
        self._metrics.store_away()
        if self._failure.is_time():
            self._complained = True
            self._log.error("store failed", code=error.code, reason=str(error))

    def _answered(self) -> None:
        self._answered_at = self._clock()
        self._away = False
        self._metrics.store_answered()
        if self._complained:
            self._complained = False
            self._log.info("store answers again")

    def _keep(self, domain: DomainName, found: Domain | None, asked_at: float) -> None:
        kept_for = self._limits.ttl_seconds + self._limits.stale_if_error_seconds
        kept = _Kept(found, asked_at, asked_at + kept_for)
        self._kept.keep(domain, kept, is_found=found is not None)


def _broken() -> StoreError:
    return StoreError("the store broke down")
