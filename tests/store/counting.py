"""A store and a clock that tests control."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from tests.making import domain
from tests.servers.patience import PATIENCE_SECONDS
from waypost.core.address import DomainName
from waypost.core.model import Domain
from waypost.store.cache import CacheLimits

EXAMPLE = DomainName("example.com")
UNSERVED = DomainName("example.org")
LIMITS = CacheLimits(ttl_seconds=10, stale_if_error_seconds=100, size=3, negative_size=2)


class CountingStore:
    """A store of one domain that counts queries, and waits or fails on request."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failure: Exception | None = None
        self.entry: Domain | None = domain()
        self.go = threading.Event()
        self.go.set()
        self.slow = ""  # names with this ending wait
        self.closed = False

    def find(self, name: DomainName) -> Domain | None:
        self.asked.append(name.ascii)
        assert not name.ascii.endswith(self.slow) or self.go.wait(5)
        if self.failure is not None:
            raise self.failure
        return self.entry if name.ascii.endswith("com") else None

    def close(self) -> None:
        self.closed = True


class Clock:
    """A clock that only the test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run the coroutine of a test with a cache."""
    asyncio.run(work)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition is true; raise TimeoutError if that takes too long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 -- threads have no event
            await asyncio.sleep(0.001)
