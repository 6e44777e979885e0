"""The cache: answers are refreshed ahead of time, never too old, and never late."""

import asyncio
import time

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from tests.servers.patience import ROOM_SECONDS
from tests.store.counting import EXAMPLE, LIMITS, UNSERVED, Clock, CountingStore, run, until
from waypost.core.address import DomainName
from waypost.core.errors import StoreBusy, StoreError, StoreUnavailable
from waypost.core.model import Domain
from waypost.runtime.metrics import Metrics
from waypost.store.cache import WATCH_DOMAIN, CacheLimits, DomainCache

# As LIMITS, with shorter waits.
HASTY = CacheLimits(10, 100, 3, 2, queue=4, patience_seconds=0.05, first_patience_seconds=0.1)


@pytest.fixture(name="store")
def _store() -> CountingStore:
    return CountingStore()


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def counted(metrics: Metrics, line: str) -> bool:
    """Return whether the metrics contain a line."""
    return line in generate_latest(metrics.registry).decode().splitlines()


def test_refreshed_ahead_of_time(store: CountingStore, clock: Clock) -> None:
    """From half the time to live on, one query runs while the old answer is returned."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        old = await cache.find(EXAMPLE)
        store.entry = None
        store.asked.clear()
        clock.now += 4.9
        assert await cache.find(EXAMPLE) is old
        assert store.asked == []
        store.go.clear()
        clock.now += 0.2
        for _ in range(100):
            hit = cache.find(EXAMPLE)
            with pytest.raises(StopIteration) as answer:
                hit.send(None)
            assert answer.value.value is old
        await until(lambda: store.asked == ["example.com"])
        store.go.set()
        await until(lambda: not cache.is_querying(EXAMPLE))
        assert await cache.find(EXAMPLE) is None
        assert store.asked == ["example.com"]
        await cache.close()

    run(work())


def test_change_is_answered_within_the_ttl(store: CountingStore, clock: Clock) -> None:
    """No answer is older than the time to live, for any rate of requests."""

    async def work(pause: float) -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        changed: Domain | None = None
        store.entry = changed
        await cache.find(EXAMPLE)
        start = clock.now
        while clock.now < start + 60:
            before, changed_at = changed, clock.now
            changed = store.entry = None if before is not None else CountingStore().entry
            while clock.now < changed_at + 10:
                clock.now += pause
                found = await cache.find(EXAMPLE)
                await asyncio.sleep(0.002)
                assert found is changed or clock.now < changed_at + 10
        await cache.close()

    for pause in (0.7, 3.0, 5.5, 9.9, 10.0, 11.0):
        run(work(pause))


def test_age_counts_from_the_query(store: CountingStore, clock: Clock) -> None:
    """An answer of a slow store is as old as its query: later changes may be missing."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        store.go.clear()
        waiting = asyncio.create_task(cache.find(EXAMPLE))
        await until(lambda: store.asked == ["example.com"])
        clock.now += 9
        store.go.set()
        await waiting
        store.entry = None
        clock.now += 1
        assert await cache.find(EXAMPLE) is None
        await cache.close()

    run(work())


def test_store_that_hangs(store: CountingStore, clock: Clock) -> None:
    """A store that hangs delays a known domain once, then not at all, until it answers."""
    metrics = Metrics()

    async def work() -> None:
        cache = DomainCache(store, HASTY, metrics=metrics, clock=clock)
        old = await cache.find(EXAMPLE)
        store.go.clear()
        clock.now += 11
        started = time.perf_counter()
        assert await cache.find(EXAMPLE) is old
        assert 0.04 < time.perf_counter() - started < ROOM_SECONDS
        for _ in range(100):
            late = cache.find(EXAMPLE)
            with pytest.raises(StopIteration):
                late.send(None)
        assert counted(metrics, "waypost_store_up 0.0")
        assert counted(metrics, 'waypost_cache_answers_total{kind="stale"} 101.0')
        store.entry = None
        store.go.set()
        await until(lambda: not cache.is_querying(EXAMPLE))
        assert await cache.find(EXAMPLE) is None
        assert counted(metrics, "waypost_store_up 1.0")
        await cache.close()

    run(work())


def test_uncached_domain_while_the_store_hangs(store: CountingStore, clock: Clock) -> None:
    """A domain without an earlier answer waits for a limited time only."""
    store.go.clear()

    async def work() -> None:
        cache = DomainCache(store, HASTY, clock=clock)
        with pytest.raises(StoreUnavailable):
            await cache.find(EXAMPLE)
        store.go.set()
        assert await cache.find(EXAMPLE) is store.entry
        await cache.close()

    run(work())


def test_flood_while_the_store_is_slow(store: CountingStore, clock: Clock) -> None:
    """Invented names above the limit are refused at once; known domains are refreshed."""
    metrics = Metrics()

    async def work() -> None:
        cache = DomainCache(store, HASTY, metrics=metrics, threads=2, clock=clock)
        await cache.find(EXAMPLE)
        store.slow = ".invalid"
        store.go.clear()
        names = [DomainName(f"d{number}.invalid") for number in range(50)]
        flood = [asyncio.create_task(cache.find(name)) for name in names]
        await asyncio.sleep(0.01)
        assert sum(one.done() for one in flood) == 46
        store.entry = None
        clock.now += 11
        assert await cache.find(EXAMPLE) is None
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        assert sum(isinstance(one, StoreBusy) for one in outcomes) == 46
        assert sum(isinstance(one, StoreUnavailable) for one in outcomes) == 50
        assert sum(name.endswith(".invalid") for name in store.asked) <= 2
        assert counted(metrics, 'waypost_cache_answers_total{kind="refused"} 46.0')
        store.go.set()
        await cache.close()

    run(work())


def test_once_a_ttl_for_each_invented_name(store: CountingStore, clock: Clock) -> None:
    """A domain that is not served is queried once a time to live, and never ahead of it."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        for _ in range(30):
            assert await cache.find(UNSERVED) is None
            await asyncio.sleep(0)
            clock.now += 1
        assert store.asked == ["example.org"] * 3
        await cache.close()

    run(work())


def test_expire_keeps_the_last_good(store: CountingStore, clock: Clock) -> None:
    """Expired answers are queried again, and are still available if the store fails."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        old = await cache.find(EXAMPLE)
        store.failure = StoreUnavailable("away")
        cache.expire()
        assert await cache.find(EXAMPLE) is old
        store.failure, store.entry = None, None
        cache.expire()
        await cache.find(EXAMPLE)
        await until(lambda: not cache.is_querying(EXAMPLE))
        assert await cache.find(EXAMPLE) is None
        await cache.close()

    run(work())


def test_answer_from_before_a_change(store: CountingStore, clock: Clock) -> None:
    """An answer from before a clear is neither cached nor used by later requests."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        store.go.clear()
        early = asyncio.create_task(cache.find(EXAMPLE))
        await until(lambda: store.asked == ["example.com"])
        cache.clear()
        late = asyncio.create_task(cache.find(EXAMPLE))
        await until(lambda: store.asked == ["example.com"] * 2)
        cache.clear()
        store.go.set()
        assert await early is await late is store.entry
        store.entry = None
        assert await cache.find(EXAMPLE) is None
        await cache.close()

    run(work())


def test_no_request_joins_a_query_that_has_failed(
    store: CountingStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that comes just after a failed query starts a new one."""

    async def work() -> None:
        failed = asyncio.Event()
        metrics = Metrics()
        monkeypatch.setattr(metrics, "count_store_failure", lambda _code: failed.set())
        cache = DomainCache(store, LIMITS, metrics=metrics, clock=clock)
        store.failure = StoreUnavailable("away")
        first = asyncio.create_task(cache.find(EXAMPLE))
        # This task continues after the end of the query, before the callbacks of the query.
        await failed.wait()
        store.failure = None
        assert await cache.find(EXAMPLE) is store.entry
        with pytest.raises(StoreUnavailable):
            await first
        await cache.close()

    run(work())

    assert store.asked == ["example.com"] * 2


def test_watch_finds_the_store_again(
    store: CountingStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed store is queried for a name that cannot exist, until it answers."""
    monkeypatch.setattr("waypost.store.cache.WATCH_SECONDS", 0.001)

    async def work() -> None:
        cache = DomainCache(store, LIMITS, metrics=metrics, clock=clock)
        store.failure = StoreUnavailable("away")
        watch = asyncio.create_task(cache.watch())
        await until(lambda: len(store.asked) > 2)
        store.failure = None
        await until(lambda: counted(metrics, "waypost_store_up 1.0"))
        asked = len(store.asked)
        await asyncio.sleep(0.05)
        assert len(store.asked) <= asked + 1
        assert set(store.asked) == {WATCH_DOMAIN.ascii}
        watch.cancel()
        await cache.close()

    metrics = Metrics()
    run(work())


def test_one_line_a_minute(store: CountingStore, clock: Clock) -> None:
    """Many failures write one line a minute to the log, and one line at the end."""

    async def work() -> None:
        cache = DomainCache(store, LIMITS, clock=clock)
        await cache.find(EXAMPLE)
        store.failure = StoreError("no table")
        for _ in range(61):
            clock.now += 1.1
            await cache.find(EXAMPLE)
            await until(lambda: not cache.is_querying(EXAMPLE))
        store.failure = None
        clock.now += 1.1
        await cache.find(EXAMPLE)
        await until(lambda: not cache.is_querying(EXAMPLE))
        await cache.close()

    with capture_logs() as lines:
        run(work())
    assert [line["event"] for line in lines] == ["store failed"] * 2 + ["store answers again"]
    assert lines[0]["reason"] == "no table"


def test_busy_store_is_not_unavailable(store: CountingStore, clock: Clock) -> None:
    """A request that waits in vain while others are answered does not count as a failure."""
    metrics = Metrics()

    async def work() -> None:
        cache = DomainCache(store, HASTY, metrics=metrics, clock=clock)
        store.slow = ".invalid"
        store.go.clear()
        flood = asyncio.create_task(cache.find(DomainName("d.invalid")))
        await cache.find(EXAMPLE)
        with pytest.raises(StoreUnavailable):
            await flood
        assert counted(metrics, "waypost_store_up 1.0")
        assert counted(metrics, 'waypost_store_failures_total{code="store_unavailable"} 1.0')
        store.go.set()
        await cache.close()

    run(work())


def test_close_does_not_wait_for_a_hanging_store(
    store: CountingStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that hangs does not prevent the process from ending."""
    monkeypatch.setattr("waypost.store.cache.CLOSE_SECONDS", 0.05)
    store.go.clear()

    async def work() -> None:
        cache = DomainCache(store, HASTY, clock=clock)
        with pytest.raises(StoreUnavailable):
            await cache.find(EXAMPLE)
        started = time.perf_counter()
        await cache.close()
        assert time.perf_counter() - started < ROOM_SECONDS

    run(work())
    assert store.closed
    store.go.set()
