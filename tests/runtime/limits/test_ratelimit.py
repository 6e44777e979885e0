"""Token buckets of client networks: those of one worker, and those that all workers share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.runtime.limits.ratelimit import RateLimiter, RateLimits, whole_seconds
from waypost.runtime.limits.shared_ratelimit import SharedBuckets, SharedRateLimiter


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Buckets(RateLimiter):
    """The buckets of one worker, with a clock that does not move by itself."""

    def __init__(
        self, rate: float = 2, burst: int = 4, query_cost: int = 3, networks: int = 3
    ) -> None:
        self.clock = Clock()
        limits = RateLimits(rate, burst, query_cost)
        super().__init__(limits, networks_max=networks, clock=self.clock)

    def ask(self, network: bytes) -> float:
        """Take a token now."""
        return self.take(network, self.clock.now)

    def charge(self, network: bytes) -> None:
        """Take the tokens of a query."""
        self.charge_query(network)


class BucketsOfWorkers(SharedRateLimiter):
    """The buckets that all workers share, with a clock that does not move by itself."""

    def __init__(
        self, rate: float = 2, burst: int = 4, query_cost: int = 3, row_cells: int = 64
    ) -> None:
        self.clock = Clock()
        limits = RateLimits(rate, burst, query_cost)
        super().__init__(limits, SharedBuckets(row_cells), clock=self.clock)

    def ask(self, network: bytes) -> float:
        """Take a token now."""
        return self.take(self.cells_of(network), self.clock.now)

    def charge(self, network: bytes) -> None:
        """Take the tokens of a query."""
        self.charge_query(self.cells_of(network))


AnyBuckets = type[Buckets] | type[BucketsOfWorkers]
both = pytest.mark.parametrize("kind", [Buckets, BucketsOfWorkers])


@both
def test_burst_and_rate(kind: AnyBuckets) -> None:
    """After a pause a network may ask `burst` times at once, and then `rate` times a second."""
    buckets = kind()
    assert [buckets.ask(b"a") for _ in range(5)] == [0, 0, 0, 0, pytest.approx(0.5)]
    buckets.clock.now += 1
    assert [buckets.ask(b"a") == 0 for _ in range(3)] == [True, True, False]
    buckets.clock.now += 3600
    assert [buckets.ask(b"a") == 0 for _ in range(5)] == [True] * 4 + [False]


@both
def test_full_on_a_machine_that_has_just_started(kind: AnyBuckets) -> None:
    """A bucket is full at first, also if the clock of the machine has just begun at zero."""
    buckets = kind()
    buckets.clock.now = 0.5
    assert [buckets.ask(b"a") == 0 for _ in range(5)] == [True] * 4 + [False]


def test_each_network_has_its_own_bucket() -> None:
    """An empty bucket of one network refuses nothing to another one."""
    buckets = Buckets()
    while buckets.ask(b"a") == 0:
        pass
    assert buckets.ask(b"b") == 0


@both
def test_queries_cost_more(kind: AnyBuckets) -> None:
    """A query takes the tokens of several requests, even if there are fewer."""
    buckets = kind()
    assert buckets.ask(b"a") == 0
    buckets.charge(b"a")
    assert buckets.ask(b"a") == pytest.approx(0.5)
    buckets.charge(b"a")
    assert buckets.ask(b"a") == pytest.approx(2.0)


@both
def test_debt_has_a_limit(kind: AnyBuckets) -> None:
    """However many queries a network causes, it waits for no more than two full buckets."""
    buckets = kind()
    for _ in range(1000):
        buckets.charge(b"a")
    assert buckets.ask(b"a") == pytest.approx(2.5)


def test_memory_has_a_limit() -> None:
    """Networks that asked longest ago lose their buckets, and have full ones when they return."""
    buckets = Buckets(networks=10)
    while buckets.ask(b"a") == 0:
        pass
    for number in range(1000):
        buckets.ask(number.to_bytes(4))
        assert len(buckets) <= 10
    assert buckets.ask(b"a") == 0


def test_a_refused_network_keeps_its_bucket() -> None:
    """Other networks do not fill the bucket of a network that goes on asking."""
    buckets = Buckets(networks=10)
    while buckets.ask(b"a") == 0:
        pass
    for number in range(1000):
        buckets.ask(number.to_bytes(4))
        assert buckets.ask(b"a") > 0


@both
@given(
    st.floats(0.01, 1000),
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=100),
)
def test_never_more_than_the_limit(
    kind: AnyBuckets, rate: float, burst: int, requests: list[tuple[float, bool]]
) -> None:
    """In any time, no network gets more than a full bucket and what that time adds."""
    buckets = kind(rate, burst)
    clock, start = buckets.clock, buckets.clock.now
    answered = 0
    for pause, has_query in requests:
        clock.now += pause
        seconds = buckets.ask(b"a")
        assert seconds >= 0
        answered += seconds == 0
        if has_query and seconds == 0:
            buckets.charge(b"a")
    assert answered <= burst + (clock.now - start) * rate + 1e-6


@both
def test_told_time_is_enough(kind: AnyBuckets) -> None:
    """A client that waits as long as the answer says is answered."""
    buckets = kind()
    for _ in range(20):
        buckets.ask(b"a")
        buckets.charge(b"a")
    buckets.clock.now += whole_seconds(buckets.ask(b"a"))
    assert buckets.ask(b"a") == 0


@pytest.mark.parametrize(("seconds", "whole"), [(0.001, 1), (1.0, 1), (1.01, 2), (59.5, 60)])
def test_whole_seconds(seconds: float, whole: int) -> None:
    """Retry-After is a whole number of seconds that is long enough."""
    assert whole_seconds(seconds) == whole
