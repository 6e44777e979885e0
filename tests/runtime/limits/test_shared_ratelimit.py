"""Token buckets that several processes share."""

from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.limits.test_ratelimit import Clock
from waypost.runtime.limits.ratelimit import RateLimits
from waypost.runtime.limits.shared_ratelimit import SharedBuckets, SharedRateLimiter

MANY = 65_536


class Buckets(SharedRateLimiter):
    """A limiter with its own clock, which does not move by itself."""

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


def test_burst_and_rate() -> None:
    """After a pause a network may ask `burst` times at once, and then `rate` times a second."""
    buckets = Buckets()
    assert [buckets.ask(b"a") for _ in range(5)] == [0, 0, 0, 0, pytest.approx(0.5)]
    buckets.clock.now += 1
    assert [buckets.ask(b"a") == 0 for _ in range(3)] == [True, True, False]
    buckets.clock.now += 3600
    assert [buckets.ask(b"a") == 0 for _ in range(5)] == [True] * 4 + [False]


def test_full_on_a_machine_that_has_just_started() -> None:
    """A bucket is full at first, also if the clock of the machine has just begun at zero."""
    buckets = Buckets()
    buckets.clock.now = 0.5
    assert [buckets.ask(b"a") == 0 for _ in range(5)] == [True] * 4 + [False]


def test_queries_cost_more() -> None:
    """A query takes the tokens of several requests, even if there are fewer."""
    buckets = Buckets()
    assert buckets.ask(b"a") == 0
    buckets.charge(b"a")
    assert buckets.ask(b"a") == pytest.approx(0.5)
    buckets.charge(b"a")
    assert buckets.ask(b"a") == pytest.approx(2.0)


def test_debt_has_a_limit() -> None:
    """However many queries a network causes, it waits for no more than two full buckets."""
    buckets = Buckets()
    for _ in range(1000):
        buckets.charge(b"a")
    assert buckets.ask(b"a") == pytest.approx(2.5)


def test_each_network_has_its_own_bucket() -> None:
    """A hundred empty buckets refuse nothing to thousands of other networks."""
    buckets = Buckets(row_cells=MANY)
    for number in range(100):
        while buckets.ask(b"busy %d" % number) == 0:
            pass
    refused = [number for number in range(5000) if buckets.ask(b"other %d" % number) > 0]
    assert refused == []


def test_others_fill_no_bucket() -> None:
    """A network that is refused stays refused, whatever others ask that share a cell with it."""
    buckets = Buckets(row_cells=4)
    while buckets.ask(b"a") == 0:
        pass
    for number in range(1000):
        buckets.ask(number.to_bytes(4))
        assert buckets.ask(b"a") > 0


@given(
    st.floats(0.01, 1000),
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=100),
)
def test_never_more_than_the_limit(
    rate: float, burst: int, requests: list[tuple[float, bool]]
) -> None:
    """In any time, no network gets more than a full bucket and what that time adds."""
    buckets = Buckets(rate, burst)
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


def ask_often(buckets: SharedBuckets, limits: RateLimits, results: Connection) -> None:
    """Ask 300 times for one network, and send how many were answered."""
    limiter = SharedRateLimiter(limits, buckets)
    cells = limiter.cells_of(b"a")
    results.send(sum(limiter.take(cells, 1000.0) == 0 for _ in range(300)))


def test_processes_share_the_buckets() -> None:
    """What one process has answered is missing in the bucket of the next one."""
    buckets, limits = SharedBuckets(), RateLimits(rate=1e-6, burst=500, query_cost=0)
    context = get_context("spawn")
    answered = []
    for _ in range(2):
        own, other = context.Pipe()
        process = context.Process(target=ask_often, args=(buckets, limits, other))
        process.start()
        answered.append(own.recv())
        process.join()
    assert answered == [300, 200]
    assert SharedRateLimiter(limits, buckets).take(buckets.cells_of(b"a"), 1000.0) > 0
