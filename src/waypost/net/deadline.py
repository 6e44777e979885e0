"""A common time limit of several steps."""

import time
from collections.abc import Callable


class Deadline:
    """A time limit, in seconds from its creation."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock."""
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._end - self._clock())

    def wait(self) -> float:
        """Return the time limit for the next step of a socket or a library.

        Raises:
            TimeoutError: the time is over. (For a socket, 0 means "do not wait at all".)
        """
        left = self.left()
        if left <= 0:
            raise TimeoutError
        return left
