"""What is worth a line in the log, but not one for each question."""

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

INTERVAL_SECONDS: Final = 60.0


class Seldom:
    """Tells when it is time to say something again. Several threads may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing said.

        Args:
            clock: seconds that only grow.
        """
        self._clock = clock
        self._lock = Lock()
        self._last = -math.inf

    def is_time(self) -> bool:
        """Return whether to say it now, and if so take it as said."""
        with self._lock:
            now = self._clock()
            if now - self._last < INTERVAL_SECONDS:
                return False
            self._last = now
            return True
