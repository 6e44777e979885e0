"""Rate-limited log lines: for an event that may happen at each request."""

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

INTERVAL_SECONDS: Final = 60.0


class LogThrottle:
    """A rate limiter for repeated messages. Several threads may use one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Create a limiter that allows the first message.

        Args:
            clock: a monotonic clock, in seconds.
        """
        self._clock = clock
        self._lock = Lock()
        self._last = -math.inf

    def should_log(self) -> bool:
        """Return whether to log now; True starts a new pause."""
        with self._lock:
            now = self._clock()
            if now - self._last < INTERVAL_SECONDS:
                return False
            self._last = now
            return True
