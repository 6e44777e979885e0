"""The guard between the event loop and a directory."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from tests.directory.scripted import BOB, CONFIGURED, Clock, ScriptedDirectory, run
from tests.making import ALICE
from tests.store.counting import until
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryBusy, DirectoryError, DirectoryUnavailable
from waypost.core.model import DirectoryLimits, User
from waypost.directory.breaker import FAILURES
from waypost.directory.resilient import QUEUE_FACTOR, ResilientDirectory, UserCacheLimits
from waypost.runtime.metrics import Metrics


@pytest.fixture(name="source")
def _source() -> ScriptedDirectory:
    return ScriptedDirectory()


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="guard")
def _guard(source: ScriptedDirectory, clock: Clock) -> ResilientDirectory:
    return ResilientDirectory(
        source, CONFIGURED, cache_limits=UserCacheLimits(3, 1000), clock=clock
    )


def user(number: int) -> EmailAddress:
    return EmailAddress(f"user{number}", DomainName("example.com"))


async def fail(guard: ResilientDirectory, times: int) -> None:
    for number in range(times):
        with pytest.raises((DirectoryUnavailable, DirectoryError)):
            await guard.user_for(user(number))


def test_known_and_unknown_users_are_cached(
    guard: ResilientDirectory, source: ScriptedDirectory
) -> None:
    """Known and unknown users are looked up once, and then cached."""

    async def work() -> None:
        for _ in range(3):
            assert await guard.user_for(ALICE) == User("a1", "Alice")
            assert await guard.user_for(BOB) is None
        await guard.close()

    run(work())

    assert source.asked == ["alice@example.com", "bob@example.com"]
    assert source.closed


def test_cached_answers_expire(
    guard: ResilientDirectory, source: ScriptedDirectory, clock: Clock
) -> None:
    """Known and unknown users are looked up again after the same time to live."""

    async def work() -> None:
        await guard.user_for(ALICE)
        await guard.user_for(BOB)
        clock.now += 59
        await guard.user_for(ALICE)
        await guard.user_for(BOB)
        clock.now += 1
        source.entries = {}
        assert await guard.user_for(ALICE) is None
        assert await guard.user_for(BOB) is None
        await guard.close()

    run(work())

    asked = [name.partition("@")[0] for name in source.asked]
    assert asked == ["alice", "bob", "alice", "bob"]


def test_simultaneous_requests_share_a_lookup(
    guard: ResilientDirectory, source: ScriptedDirectory
) -> None:
    """Simultaneous requests for a user need one lookup."""

    async def work() -> None:
        source.go.clear()
        waiting = [asyncio.create_task(guard.user_for(ALICE)) for _ in range(50)]
        await asyncio.sleep(0.02)
        source.go.set()
        assert set(await asyncio.gather(*waiting)) == {User("a1", "Alice")}
        await guard.close()

    run(work())

    assert len(source.asked) == 1


def test_bulkhead(guard: ResilientDirectory, source: ScriptedDirectory) -> None:
    """The number of running lookups and the number of waiting ones are limited."""
    places = CONFIGURED.limits.max_searches * (1 + QUEUE_FACTOR)

    async def work() -> None:
        source.go.clear()
        tasks = [asyncio.create_task(guard.user_for(user(n))) for n in range(places + 5)]
        await asyncio.sleep(0.02)
        refused = [task for task in tasks if task.done()]
        assert len(refused) == 5
        assert all(isinstance(task.exception(), DirectoryBusy) for task in refused)
        source.go.set()
        assert await asyncio.gather(*tasks[:places]) == [None] * places
        await guard.close()

    run(work())

    assert source.most == CONFIGURED.limits.max_searches


@pytest.mark.rule("autoconfig-timely")
def test_time_limit(source: ScriptedDirectory, clock: Clock) -> None:
    """No client waits longer than the time limit; the late answer is cached all the same."""
    quick = replace(CONFIGURED, limits=replace(CONFIGURED.limits, time_limit_seconds=0.1))
    guard = ResilientDirectory(source, quick, clock=clock)

    async def work() -> None:
        source.go.clear()
        with pytest.raises(DirectoryUnavailable, match="in time"):
            await asyncio.wait_for(guard.user_for(ALICE), 15)
        source.go.set()
        await until(lambda: not guard.is_querying(ALICE))
        assert await guard.user_for(ALICE) == User("a1", "Alice")
        await guard.close()

    run(work())

    assert len(source.asked) == 1


@pytest.mark.rule("autoconfig-timely")
def test_time_limit_by_default() -> None:
    """The default time limit is below the five seconds of Thunderbird."""
    assert 0 < DirectoryLimits().time_limit_seconds < 5


@pytest.mark.parametrize(
    "error", [DirectoryUnavailable("no route"), DirectoryError("wrong password")], ids=str
)
def test_breaker_opens(
    guard: ResilientDirectory, source: ScriptedDirectory, clock: Clock, error: Exception
) -> None:
    """After some failures in a row, the directory gets one trial lookup per pause."""
    assert isinstance(error, DirectoryUnavailable | DirectoryError)

    async def work() -> None:
        source.error = error
        await fail(guard, FAILURES + 10)
        assert len(source.asked) == FAILURES
        clock.now += 1.1
        await fail(guard, 10)
        await until(lambda: len(source.asked) > FAILURES)
        await asyncio.sleep(0.05)
        assert len(source.asked) == FAILURES + 1
        await guard.close()

    run(work())


def test_no_request_joins_a_lookup_that_has_failed(
    source: ScriptedDirectory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that comes just after a failed lookup starts a new one."""

    async def work() -> None:
        failed = asyncio.Event()
        metrics = Metrics()
        monkeypatch.setattr(metrics, "count_directory_failure", lambda *_: failed.set())
        guard = ResilientDirectory(source, CONFIGURED, metrics=metrics, clock=clock)
        source.error = DirectoryUnavailable("no route")
        first = asyncio.create_task(guard.user_for(ALICE))
        # This task continues after the end of the lookup, before the callbacks of the lookup.
        await failed.wait()
        source.error = None
        assert await guard.user_for(ALICE) == User("a1", "Alice")
        with pytest.raises(DirectoryUnavailable):
            await first
        await guard.close()

    run(work())

    assert len(source.asked) == 2


def test_trial_closes_the_breaker(
    guard: ResilientDirectory, source: ScriptedDirectory, clock: Clock
) -> None:
    """The first lookup after a pause does not wait, and its answer closes the breaker."""

    async def work() -> None:
        source.error = DirectoryUnavailable("away")
        await fail(guard, FAILURES)
        source.error = None
        clock.now += 1.1
        with pytest.raises(DirectoryUnavailable, match="attempt is in progress"):
            await guard.user_for(ALICE)
        await until(lambda: not guard.is_querying(ALICE))
        assert await guard.user_for(ALICE) == User("a1", "Alice")
        assert await guard.user_for(BOB) is None
        await guard.close()

    run(work())


def test_pauses_grow(guard: ResilientDirectory, source: ScriptedDirectory, clock: Clock) -> None:
    """The pauses between trials of an unavailable directory grow up to half a minute."""

    async def work() -> None:
        source.error = DirectoryUnavailable("away")
        await fail(guard, FAILURES)
        tried = []
        for _ in range(120):
            clock.now += 1
            before = len(source.asked)
            await fail(guard, 1)
            await until(lambda: not guard.is_querying(user(0)))
            tried.append(len(source.asked) - before)
        await guard.close()
        assert 5 <= sum(tried) <= 10
        assert sum(tried[-61:]) >= 2

    run(work())


def test_last_good_answer_while_unavailable(
    guard: ResilientDirectory, source: ScriptedDirectory, clock: Clock
) -> None:
    """While the directory is unavailable, known users stay known for the configured time."""

    async def work() -> None:
        await guard.user_for(ALICE)
        await guard.user_for(BOB)
        source.error = DirectoryUnavailable("away")
        clock.now += 1000
        assert await guard.user_for(ALICE) == User("a1", "Alice")
        with pytest.raises(DirectoryUnavailable):
            await guard.user_for(BOB)
        clock.now += 61
        with pytest.raises(DirectoryUnavailable):
            await guard.user_for(ALICE)
        await guard.close()

    run(work())


def test_log_lines_are_few_and_without_addresses(
    guard: ResilientDirectory, source: ScriptedDirectory, clock: Clock
) -> None:
    """A failing directory logs one line a minute, without addresses, and one when it is back."""

    async def work() -> None:
        source.error = DirectoryUnavailable("no route")
        await fail(guard, FAILURES)
        clock.now += 61
        await fail(guard, 1)
        await until(lambda: len(lines) >= 2)
        source.error = None
        clock.now += 61
        await fail(guard, 1)
        await until(lambda: len(lines) >= 3)
        await guard.close()

    with capture_logs() as lines:
        run(work())

    events = [line["event"] for line in lines]
    assert events == ["directory failed", "directory failed", "directory answers again"]
    assert lines[0]["directory"] == "people"
    assert "user" not in str(lines)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_lookup_after_a_defect(guard: ResilientDirectory, source: ScriptedDirectory) -> None:
    """A defect during a lookup is an error for this lookup, and the next one works."""

    async def work() -> None:
        source.entries = {ALICE: {"login": 7}}  # type: ignore[dict-item]
        with pytest.raises(DirectoryError, match="ended by a defect"):
            await guard.user_for(ALICE)
        source.entries = {ALICE: {"login": ["a1"]}}
        assert await guard.user_for(ALICE) == User("a1")
        await guard.close()

    run(work())
