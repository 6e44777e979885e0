"""How long it takes until a condition is true."""

import math
import time
from collections.abc import Callable

from tests.servers.patience import PATIENCE_SECONDS


def seconds_until(holds: Callable[[], bool], *, pause: float = 0.05) -> float:
    """Return the seconds until a condition is true; infinity if it is false for two minutes.

    Args:
        holds: returns whether the condition is true.
        pause: the seconds between two calls.
    """
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > PATIENCE_SECONDS:
            return math.inf
        time.sleep(pause)
    return time.monotonic() - start
