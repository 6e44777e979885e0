"""The limits of those who sign in."""

import pytest

from waypost.runtime.limits.shared_ratelimit import SharedBuckets
from waypost.sign_in.authenticator import SignInLimited
from waypost.sign_in.limits import WINDOW_SECONDS, TriesLimit


def test_tries() -> None:
    """Each key has its own tries, and None has no limit."""
    now = [0.0]
    limit = TriesLimit("a", 2, SharedBuckets(), lambda: now[0])
    for _ in range(5):
        limit.take(None)
    limit.take(b"a")
    limit.take(b"a")
    limit.take(b"b")
    with pytest.raises(SignInLimited) as caught:
        limit.take(b"a")
    assert caught.value.seconds == WINDOW_SECONDS / 2
    now[0] += WINDOW_SECONDS / 2
    limit.take(b"a")


def test_workers_count_together() -> None:
    """The tries of all workers are one number for each limit, whatever the number of workers."""
    buckets = SharedBuckets()
    first, second, other = (TriesLimit(name, 2, buckets, lambda: 0.0) for name in "aab")
    first.take(b"x")
    second.take(b"x")
    for limit in (first, second):
        with pytest.raises(SignInLimited):
            limit.take(b"x")
    other.take(b"x")
