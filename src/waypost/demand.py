"""Waiting a while, or until somebody demands that it be done now."""

import asyncio
from contextlib import suppress


class Demand:
    """What a watcher waits for between two looks. For one event loop."""

    def __init__(self) -> None:
        """Begin with nothing demanded."""
        self._made = asyncio.Event()

    def make(self) -> None:
        """Demand it; whoever waits, or waits next, does not wait any longer."""
        self._made.set()

    async def within(self, seconds: float) -> bool:
        """Wait so long at the most; tell whether it was demanded since the last time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._made.wait(), seconds)
        made = self._made.is_set()
        self._made.clear()
        return made
