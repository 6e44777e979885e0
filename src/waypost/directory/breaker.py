"""A circuit breaker: who fails several times is left alone for a while."""

from collections.abc import Callable
from typing import Final

FAILURES: Final = 3
"""So many failures in a row open it."""
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0


class Breaker:
    """Lets questions through while they are answered; after failures one at a time, as a trial."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin closed.

        Args:
            clock: seconds that only grow.
        """
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Return whether questions are kept away."""
        return self._open_until is not None

    @property
    def is_trying(self) -> bool:
        """Return whether one question is under way to find out how things are."""
        return self._trying

    def lets_through(self) -> bool:
        """Return whether a question may be asked now; while it is open, one in a pause."""
        if self._open_until is None:
            return True
        now = self._clock()
        if now < self._open_until:
            return False
        self._trying = True
        # The next trial, should this one never end.
        self._open_until = now + self._pause
        return True

    def succeeded(self) -> None:
        """Note an answer: all is well."""
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until = None
        self._trying = False

    def failed(self) -> None:
        """Note a failure."""
        self._failures += 1
        if self._trying:
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        if self._trying or (self._open_until is None and self._failures >= FAILURES):
            self._open_until = self._clock() + self._pause
        self._trying = False
