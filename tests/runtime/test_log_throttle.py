"""Repeated messages: one in each interval, however often the event happens."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from waypost.runtime.log_throttle import INTERVAL_SECONDS, LogThrottle

TIMES = [
    # seconds after the first event, whether the message is logged
    ((0.0,), (True,)),
    ((0.0, 0.0, 59.9), (True, False, False)),
    ((0.0, INTERVAL_SECONDS), (True, True)),
    # An event that is not logged does not prolong the pause.
    ((0.0, 40.0, 70.0), (True, False, True)),
    # A logged one starts a pause.
    ((0.0, 70.0, 100.0, 129.9, 130.0), (True, True, False, False, True)),
    ((0.0, 1e9, 1e9), (True, True, False)),
]
START = [0.0, 1.0, -1e6, 1e9]
"""The start of a monotonic clock is undefined."""


@pytest.mark.parametrize("start", START)
@pytest.mark.parametrize(("seconds", "expected"), TIMES)
def test_interval(start: float, seconds: tuple[float, ...], expected: tuple[bool, ...]) -> None:
    """The first message is logged, and another one only after a pause of one interval."""
    times = iter(seconds)
    throttle = LogThrottle(lambda: start + next(times))
    assert tuple(throttle.should_log() for _ in seconds) == expected


def test_own_clock() -> None:
    """Without another clock, the monotonic one of the process is used."""
    throttle = LogThrottle()
    assert throttle.should_log()
    assert not throttle.should_log()


def test_throttles_are_independent() -> None:
    """Another message has its own throttle, and is logged."""
    assert LogThrottle(lambda: 0.0).should_log()
    assert LogThrottle(lambda: 0.0).should_log()


def test_threads() -> None:
    """Of several threads with the same event, one logs it."""
    throttle = LogThrottle(lambda: 0.0)
    with ThreadPoolExecutor(8) as threads:
        logged = list(threads.map(lambda _: throttle.should_log(), range(1000)))
    assert logged.count(True) == 1
