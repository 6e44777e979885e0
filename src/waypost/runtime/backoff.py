"""Retry a failed operation with growing pauses."""

import time
from collections.abc import Callable
from typing import Final

FIRST_SECONDS: Final = 1.0
LAST_SECONDS: Final = 30.0


class BackOff:
    """A timer for retries: 1, 2, 4, 8, 16 seconds after a failure, then every 30 seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Create a timer without a failure.

        Args:
            clock: a monotonic clock, in seconds.
        """
        self._clock = clock
        self._pause = FIRST_SECONDS
        self._next: float | None = None

    def record_failure(self) -> None:
        """Record a failure, and schedule the next attempt."""
        self._next = self._clock() + self._pause
        self._pause = min(2 * self._pause, LAST_SECONDS)

    def reset(self) -> None:
        """Record a success, so that no attempt is scheduled."""
        self._pause, self._next = FIRST_SECONDS, None

    def is_due(self) -> bool:
        """Return whether there was a failure and the pause after it is over."""
        return self._next is not None and self._clock() >= self._next
