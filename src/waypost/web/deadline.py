"""A time at which something happens, unless it is no longer needed by then."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls something once after some seconds of the running event loop, until it is stopped."""

    def __init__(self, action: Callable[[], None]) -> None:
        """Take what is called."""
        self._action = action
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether the action is still to come."""
        return self._timer is not None

    def start(self, seconds: float) -> None:
        """Begin to wait; do nothing while it waits already."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def stop(self) -> None:
        """Wait no longer. Doing that twice does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._action()
