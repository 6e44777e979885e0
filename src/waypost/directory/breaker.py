"""A circuit breaker: after several failures, a directory is not asked for some seconds."""

from collections.abc import Callable
from typing import Final

FAILURES: Final = 3
"""How many failures in a row open the breaker."""
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0


class CircuitBreaker:
    """A circuit breaker: lookups while they succeed, and single trials after failures."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Create a closed breaker.

        Args:
            clock: a monotonic clock, in seconds.
        """
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Return whether the breaker refuses lookups."""
        return self._open_until is not None

    @property
    def is_half_open(self) -> bool:
        """Return whether a trial lookup is in progress."""
        return self._trying

    def allows_lookup(self) -> bool:
        """Return whether a lookup is allowed now. An open breaker allows one trial per pause."""
        if self._open_until is None:
            return True
        now = self._clock()
        if now < self._open_until:
            return False
        self._trying = True
        # The time of the next trial, in case this trial never ends.
        self._open_until = now + self._pause
        return True

    def record_success(self) -> None:
        """Record a success: close the breaker."""
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until = None
        self._trying = False

    def record_failure(self) -> None:
        """Record a failure: open the breaker after several, or after a failed trial."""
        self._failures += 1
        if self._trying:
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        if self._trying or (self._open_until is None and self._failures >= FAILURES):
            self._open_until = self._clock() + self._pause
        self._trying = False
