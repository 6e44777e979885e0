"""The cache: how often it queries the store, what it keeps, and what it does if the store fails."""

import asyncio

import pytest

from tests.store.counting import EXAMPLE, LIMITS, UNSERVED, Clock, CountingStore, run, until
from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.store.cache import CacheLimits, DomainCache


@pytest.fixture(name="store")
def _store() -> CountingStore:
    return CountingStore()


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def test_hit_does_not_query_the_store(store: CountingStore, clock: Clock) -> None:
    """Within the time to live the store is queried once, for served and unserved domains."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        for _ in range(3):
            assert await cache.find(EXAMPLE) is store.entry
            assert await cache.find(UNSERVED) is None
        await cache.close()

    run(work())

    assert store.asked == ["example.com", "example.org"]
    assert store.closed


def test_hit_touches_no_thread(store: CountingStore, clock: Clock) -> None:
    """A hit is answered on the event loop, without a suspension of the coroutine."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        await cache.find(EXAMPLE)
        hit = cache.find(EXAMPLE)
        with pytest.raises(StopIteration):
            hit.send(None)
        await cache.close()

    run(work())


def test_expired_entry_is_queried_again(store: CountingStore, clock: Clock) -> None:
    """After the time to live a change in the store is visible."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        await cache.find(EXAMPLE)
        store.entry = None
        clock.now += 9.9
        assert await cache.find(EXAMPLE) is not None
        clock.now += 0.2
        assert await cache.find(EXAMPLE) is None
        await cache.close()

    run(work())


def test_simultaneous_requests_share_a_query(store: CountingStore, clock: Clock) -> None:
    """For many simultaneous requests of a domain, the store is queried once."""
    store.go.clear()

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        waiting = [asyncio.create_task(cache.find(EXAMPLE)) for _ in range(100)]
        await asyncio.sleep(0.01)
        store.go.set()
        assert all(found is store.entry for found in await asyncio.gather(*waiting))
        await cache.close()

    run(work())

    assert store.asked == ["example.com"]


def test_client_that_goes_away(store: CountingStore, clock: Clock) -> None:
    """Other requests get their answer after the first client disconnects."""
    store.go.clear()

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        first = asyncio.create_task(cache.find(EXAMPLE))
        second = asyncio.create_task(cache.find(EXAMPLE))
        await asyncio.sleep(0.01)
        first.cancel()
        store.go.set()
        assert await second is store.entry
        await cache.close()

    run(work())


def test_flood_of_unserved_domains(store: CountingStore, clock: Clock) -> None:
    """Invented domains evict one another, never a served one."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        await cache.find(EXAMPLE)
        for number in range(50):
            await cache.find(DomainName(f"d{number}.invalid"))
        store.asked.clear()
        await cache.find(EXAMPLE)
        await cache.find(DomainName("d49.invalid"))
        assert store.asked == []
        await cache.find(DomainName("d0.invalid"))
        assert store.asked == ["d0.invalid"]
        await cache.close()

    run(work())


def test_least_recently_used_goes_first(store: CountingStore, clock: Clock) -> None:
    """If more domains are served than kept, the least recently used one is evicted."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        names = [DomainName(f"{letter}.com") for letter in "abc"]
        for name in names:
            await cache.find(name)
        await cache.find(names[0])
        await cache.find(DomainName("d.com"))
        store.asked.clear()
        await cache.find(names[0])
        assert store.asked == []
        await cache.find(names[1])
        assert store.asked == ["b.com"]
        await cache.close()

    run(work())


@pytest.mark.parametrize("failure", [StoreUnavailable("away"), StoreError("no table")])
def test_last_good_answer(store: CountingStore, clock: Clock, failure: Exception) -> None:
    """While the store fails the last good answer is used, with one query a second."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        await cache.find(EXAMPLE)
        await cache.find(UNSERVED)
        store.failure = failure
        clock.now += 11
        store.asked.clear()
        for _ in range(3):
            assert await cache.find(EXAMPLE) is store.entry
            assert await cache.find(UNSERVED) is None
            await asyncio.sleep(0.01)
        assert store.asked == ["example.com", "example.org"]
        clock.now += 1.1
        assert await cache.find(EXAMPLE) is store.entry
        await until(lambda: store.asked == ["example.com", "example.org", "example.com"])
        clock.now += 100
        with pytest.raises(type(failure)):
            await cache.find(EXAMPLE)
        store.failure = None
        assert await cache.find(EXAMPLE) is store.entry
        await cache.close()

    run(work())


def test_uncached_domain_while_store_is_unavailable(store: CountingStore, clock: Clock) -> None:
    """Without an earlier answer the error is raised, and nothing is cached."""
    store.failure = StoreUnavailable("away")

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        with pytest.raises(StoreUnavailable):
            await cache.find(EXAMPLE)
        store.failure = None
        assert await cache.find(EXAMPLE) is store.entry
        await cache.close()

    run(work())


def test_clear(store: CountingStore, clock: Clock) -> None:
    """After a change by this process no old answer is used."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        await cache.find(EXAMPLE)
        store.entry = None
        cache.clear()
        assert await cache.find(EXAMPLE) is None
        await cache.close()

    run(work())


def test_no_ttl(store: CountingStore, clock: Clock) -> None:
    """With a time to live of 0 the store is queried every time."""

    async def work() -> None:
        cache = DomainCache(store, CacheLimits(ttl_seconds=0), clock=clock)
        await cache.find(EXAMPLE)
        await cache.find(EXAMPLE)
        await cache.close()

    run(work())

    assert len(store.asked) == 2
