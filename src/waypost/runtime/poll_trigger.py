"""Wait for a while, or until a poll is requested."""

import asyncio
from contextlib import suppress


class PollTrigger:
    """A trigger for the next poll of a watcher. For one event loop."""

    def __init__(self) -> None:
        """Create a trigger without a request."""
        self._requested = asyncio.Event()

    def request(self) -> None:
        """Request a poll: the current wait, or the next one, ends at once."""
        self._requested.set()

    async def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether a poll was requested since the last call."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._requested.wait(), seconds)
        requested = self._requested.is_set()
        self._requested.clear()
        return requested
