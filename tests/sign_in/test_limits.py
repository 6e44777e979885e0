"""The limits of those who sign in."""

import pytest

from waypost.sign_in.authenticator import SignInLimited
from waypost.sign_in.limits import WINDOW_SECONDS, TriesLimit


def test_tries() -> None:
    """Each key has its own tries, and None has no limit."""
    now = [0.0]
    limit = TriesLimit(2, lambda: now[0])
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
