"""A deadline that calls a function unless it is stopped before."""

import asyncio
from collections.abc import Callable


class Timer:
    """A timer of the running event loop that calls a function once, unless it is stopped."""

    def __init__(self, action: Callable[[], None]) -> None:
        """Initialize with the function to call."""
        self._action = action
        self._timer: asyncio.TimerHandle | None = None

    def start(self, seconds: float) -> None:
        """Start the timer; do nothing if it is running."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def stop(self) -> None:
        """Stop the timer. A second call does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._action()
