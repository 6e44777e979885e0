"""What only the token buckets have that several processes share."""

from multiprocessing import get_context
from multiprocessing.connection import Connection

from tests.runtime.limits.test_ratelimit import BucketsOfWorkers
from waypost.runtime.limits.ratelimit import RateLimits
from waypost.runtime.limits.shared_ratelimit import SharedBuckets, SharedRateLimiter

MANY = 65_536


def test_each_network_has_its_own_bucket() -> None:
    """A hundred empty buckets refuse nothing to thousands of other networks."""
    buckets = BucketsOfWorkers(row_cells=MANY)
    for number in range(100):
        while buckets.ask(b"busy %d" % number) == 0:
            pass
    refused = [number for number in range(5000) if buckets.ask(b"other %d" % number) > 0]
    assert refused == []


def test_others_fill_no_bucket() -> None:
    """A network that is refused stays refused, whatever others ask that share a cell with it."""
    buckets = BucketsOfWorkers(row_cells=4)
    while buckets.ask(b"a") == 0:
        pass
    for number in range(1000):
        buckets.ask(number.to_bytes(4))
        assert buckets.ask(b"a") > 0


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
