"""A moment until which several steps together may last."""

import time
from collections.abc import Callable


class Deadline:
    """So many seconds from now."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count."""
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._end - self._clock())

    def wait(self) -> float:
        """Return the time limit for the next step of a socket or a library.

        Raises:
            TimeoutError: none is left. (A socket takes 0 for "do not wait at all".)
        """
        left = self.left()
        if left <= 0:
            raise TimeoutError
        return left
