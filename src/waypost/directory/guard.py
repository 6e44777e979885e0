"""What stands between the event loop and a directory: cache, bulkhead, time limit, breaker.

A directory that is slow or away must cost its own domains no more than its time limit, and all
others nothing (docs/decisions/0006-directories.md).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from waypost import model
from waypost.address import EmailAddress
from waypost.directory import Directory
from waypost.directory.breaker import Breaker
from waypost.directory.entries import person_of, wanted_of
from waypost.errors import DirectoryBusy, DirectoryError, DirectoryUnavailable
from waypost.keeping import LruCache
from waypost.lanes import Lane
from waypost.metrics import Metrics
from waypost.model import Person
from waypost.seldom import Seldom

CLOSE_SECONDS: Final = 2.0
# So many questions wait for each thread that asks.
QUEUE_FACTOR: Final = 16

Failure = DirectoryUnavailable | DirectoryError
Asking = asyncio.Task[Person | None]


@dataclass(frozen=True, slots=True)
class KeepingLimits:
    """How many answers are kept, and how long for a directory that is away.

    Attributes:
        size: how many answers, be a user known or not; and as many users for a directory that is
            away.
        stale_if_error_seconds: how long the last answer about a user counts while
            the directory does not answer.
    """

    size: int = 10_000
    stale_if_error_seconds: float = 86_400.0


@dataclass(frozen=True, slots=True)
class _Kept:
    found: Person | None
    asked_at: float


class GuardedDirectory:
    """One directory, for one event loop."""

    def __init__(
        self,
        source: Directory,
        configured: model.Directory,
        *,
        keeping: KeepingLimits | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a directory; nothing is asked yet.

        Args:
            source: asked in threads of its own.
            configured: says what it is called, what is used of its entries, and its limits.
            keeping: how much is kept.
            metrics: what is counted; None counts for nobody.
            clock: seconds that only grow.
        """
        keeping = keeping or KeepingLimits()
        self._source = source
        self._label = configured.label
        self._wanted = wanted_of(configured)
        self._limits = configured.limits
        self._stale_ttl_seconds = keeping.stale_if_error_seconds
        self._metrics = metrics if metrics is not None else Metrics()
        self._clock = clock
        self._lane: Lane[EmailAddress, Person | None] = Lane(
            f"directory-{self._label}", self._find, self._limits.max_searches, self._broken
        )
        self._breaker = Breaker(clock)
        # The time of an answer says whether it was kept, so that must not depend on what it says:
        # one cache and one time to live for known and for unknown users.
        self._fresh: LruCache[EmailAddress, _Kept] = LruCache(keeping.size)
        # It is looked at only while the directory is away. No invented name gets in.
        self._last_known: LruCache[EmailAddress, _Kept] = LruCache(keeping.size)
        self._asking: dict[EmailAddress, Asking] = {}
        self._failure = Seldom(clock)
        self._complained = False
        self._log = structlog.get_logger(__name__)

    async def person_for(self, address: EmailAddress) -> Person | None:
        """Return who the user of an address is, or None where the directory knows nobody.

        Raises:
            DirectoryUnavailable: it does not answer within its time limit, and no earlier answer
                is known.
            DirectoryError: it cannot be used as it is, and no earlier answer is known.
        """
        kept = self._fresh.recall(address)
        if kept is not None and self._clock() - kept.asked_at < self._limits.ttl_seconds:
            self._count("hit")
            return kept.found
        try:
            found = await self._asked(address)
        except (DirectoryUnavailable, DirectoryError):
            last = self._last_known.recall(address)
            if last is None or not self._is_usable(last):
                self._count("general")
                raise
            self._count("stale")
            return last.found
        self._count("miss")
        return found

    def asks(self, address: EmailAddress) -> bool:
        """Return whether a question about a user is under way."""
        return address in self._asking

    async def close(self) -> None:
        """Let go of the directory."""
        self._lane.close(0.0 if self._asking else CLOSE_SECONDS)
        self._source.close()

    async def _asked(self, address: EmailAddress) -> Person | None:
        if (task := self._asking.get(address)) is None:
            task = self._ask(address)
        done, _ = await asyncio.wait({task}, timeout=self._limits.time_limit_seconds)
        if not done:
            raise self._failed(DirectoryUnavailable("does not answer in time"))
        return task.result()

    def _ask(self, address: EmailAddress) -> Asking:
        """Begin a question; raise at once where the directory is known to be away."""
        if not self._breaker.lets_through():
            raise DirectoryUnavailable("did not answer, and is left alone for a while")
        if len(self._asking) >= self._limits.max_searches * (1 + QUEUE_FACTOR):
            raise DirectoryBusy("too many questions wait for the directory")
        task = asyncio.get_running_loop().create_task(self._load(address))
        self._asking[address] = task
        task.add_done_callback(lambda done: self._end(address, done))
        if self._breaker.is_trying:
            # Whether it is back shall be found out without anybody waiting for it.
            raise DirectoryUnavailable("did not answer, and is tried again now")
        return task

    async def _load(self, address: EmailAddress) -> Person | None:
        asked_at = self._clock()
        try:
            found = await self._lane.ask(address)
        except (DirectoryUnavailable, DirectoryError) as error:
            raise self._failed(error) from None
        # An answer that came too late for its client is worth keeping, but no sign of health.
        if self._clock() - asked_at <= self._limits.time_limit_seconds:
            self._answered()
        self._keep(address, _Kept(found, asked_at))
        return found

    def _keep(self, address: EmailAddress, kept: _Kept) -> None:
        self._fresh.keep(address, kept)
        if kept.found is None:
            self._last_known.forget(address)
        else:
            self._last_known.keep(address, kept)

    def _find(self, address: EmailAddress) -> Person | None:
        """Ask the directory; runs in a thread of the lane."""
        entry = self._source.find(address)
        return None if entry is None else person_of(entry, self._wanted)

    def _end(self, address: EmailAddress, task: Asking) -> None:
        if self._asking.get(address) is task:
            del self._asking[address]
        if not task.cancelled():
            task.exception()  # Marks it as seen where nobody waits for it any more.

    def _is_usable(self, kept: _Kept) -> bool:
        ttl = self._limits.ttl_seconds + self._stale_ttl_seconds
        return self._clock() - kept.asked_at < ttl

    def _broken(self) -> DirectoryError:
        return DirectoryError("the directory broke down")

    def _answered(self) -> None:
        self._breaker.succeeded()
        self._metrics.directory_state(self._label, up=True)
        if self._complained:
            self._complained = False
            self._log.info("directory answers again", directory=self._label)

    def _failed(self, error: Failure) -> Failure:
        self._breaker.failed()
        self._metrics.directory_failed(self._label, error.code)
        self._metrics.directory_state(self._label, up=False)
        if self._failure.is_time():
            self._complained = True
            fields = {"directory": self._label, "code": error.code, "reason": str(error)}
            self._log.error("directory failed", **fields)
        return error

    def _count(self, kind: str) -> None:
        self._metrics.directory_answer(self._label, kind)
