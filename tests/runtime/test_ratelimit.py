"""Token buckets of client networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.runtime.ratelimit import RateLimiter, RateLimits, whole_seconds


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limiter(rate: float = 2, burst: int = 4, query_cost: int = 3, networks: int = 3) -> RateLimiter:
    """Return a limiter whose clock does not move."""
    return RateLimiter(RateLimits(rate, burst, query_cost), networks_max=networks, clock=Clock())


def clock_of(buckets: RateLimiter) -> Clock:
    """Return the clock of a limiter."""
    clock = buckets._clock  # noqa: SLF001 -- of this test
    assert isinstance(clock, Clock)
    return clock


def test_burst_and_rate() -> None:
    """After a pause a network may ask `burst` times at once, and then `rate` times a second."""
    buckets = limiter()
    assert [buckets.take(b"a") for _ in range(5)] == [0, 0, 0, 0, pytest.approx(0.5)]
    clock_of(buckets).now += 1
    assert [buckets.take(b"a") == 0 for _ in range(3)] == [True, True, False]
    clock_of(buckets).now += 3600
    assert [buckets.take(b"a") == 0 for _ in range(5)] == [True] * 4 + [False]


def test_each_network_has_its_own_bucket() -> None:
    """An empty bucket of one network refuses nothing to another one."""
    buckets = limiter()
    while buckets.take(b"a") == 0:
        pass
    assert buckets.take(b"b") == 0


def test_queries_cost_more() -> None:
    """A query takes the tokens of several requests, even if there are fewer."""
    buckets = limiter()
    assert buckets.take(b"a") == 0
    buckets.charge_query(b"a")
    assert buckets.take(b"a") == pytest.approx(0.5)
    buckets.charge_query(b"a")
    assert buckets.take(b"a") == pytest.approx(2.0)


def test_debt_has_a_limit() -> None:
    """However many queries a network causes, it waits for no more than two full buckets."""
    buckets = limiter()
    for _ in range(1000):
        buckets.charge_query(b"a")
    assert buckets.take(b"a") == pytest.approx(2.5)


def test_memory_has_a_limit() -> None:
    """Networks that asked longest ago lose their buckets, and have full ones when they return."""
    buckets = limiter(networks=10)
    while buckets.take(b"a") == 0:
        pass
    for number in range(1000):
        buckets.take(number.to_bytes(4))
        assert len(buckets) <= 10
    assert buckets.take(b"a") == 0


def test_a_refused_network_keeps_its_bucket() -> None:
    """Other networks do not fill the bucket of a network that goes on asking."""
    buckets = limiter(networks=10)
    while buckets.take(b"a") == 0:
        pass
    for number in range(1000):
        buckets.take(number.to_bytes(4))
        assert buckets.take(b"a") > 0


@given(
    st.floats(0.01, 1000),
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=100),
)
def test_never_more_than_the_limit(
    rate: float, burst: int, requests: list[tuple[float, bool]]
) -> None:
    """In any time, no network gets more than a full bucket and what that time adds."""
    buckets = limiter(rate, burst)
    clock, start = clock_of(buckets), clock_of(buckets).now
    answered = 0
    for pause, has_query in requests:
        clock.now += pause
        seconds = buckets.take(b"a")
        assert seconds >= 0
        answered += seconds == 0
        if has_query and seconds == 0:
            buckets.charge_query(b"a")
    assert answered <= burst + (clock.now - start) * rate + 1e-6


def test_told_time_is_enough() -> None:
    """A client that waits as long as the answer says is answered."""
    buckets = limiter()
    for _ in range(20):
        buckets.take(b"a")
        buckets.charge_query(b"a")
    clock_of(buckets).now += whole_seconds(buckets.take(b"a"))
    assert buckets.take(b"a") == 0


@pytest.mark.parametrize(("seconds", "whole"), [(0.001, 1), (1.0, 1), (1.01, 2), (59.5, 60)])
def test_whole_seconds(seconds: float, whole: int) -> None:
    """Retry-After is a whole number of seconds that is long enough."""
    assert whole_seconds(seconds) == whole
