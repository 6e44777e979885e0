"""Trying again what failed, less and less often."""

import time
from collections.abc import Callable
from typing import Final

FIRST_SECONDS: Final = 1.0
LAST_SECONDS: Final = 30.0


class BackOff:
    """Tells when to try again: 1, 2, 4, 8, 16 seconds after a failure, then every 30."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without a failure.

        Args:
            clock: seconds that only grow.
        """
        self._clock = clock
        self._pause = FIRST_SECONDS
        self._next: float | None = None

    def failed(self) -> None:
        """Note that it failed, so that it is tried again."""
        self._next = self._clock() + self._pause
        self._pause = min(2 * self._pause, LAST_SECONDS)

    def reset(self) -> None:
        """Note that it need not be tried again."""
        self._pause, self._next = FIRST_SECONDS, None

    def is_time(self) -> bool:
        """Return whether it failed, and the pause since then is over."""
        return self._next is not None and self._clock() >= self._next
