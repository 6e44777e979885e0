"""Answers after a whole number of time steps, so that the duration reveals nothing about the user.

The timers of an event loop are not exact enough: they are late by up to a millisecond, and the
delay depends on when the answer came (docs/decisions/0017-time-of-an-answer.md).
"""

import asyncio
import heapq
import math
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from waypost.runtime import threads

STEP_SECONDS: Final = 0.01
"""Longer than a file needs for an answer, or a database or a directory in the same network."""

_Answer = TypeVar("_Answer")
_PendingAnswer = tuple[float, int, "asyncio.Future[None]", asyncio.AbstractEventLoop]


class ResponsePacer:
    """A pacer that returns each answer a whole number of steps after its question."""

    def __init__(
        self, step_seconds: float = STEP_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Create an idle pacer; the first answer starts the thread.

        Args:
            step_seconds: the shortest duration of an answer.
            clock: a monotonic clock, in seconds.
        """
        self._step = step_seconds
        self._clock = clock
        self._waiting: list[_PendingAnswer] = []
        self._count = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def run(self, answer: Coroutine[Any, Any, _Answer]) -> _Answer:
        """Return the result of a coroutine, or raise its exception, at the end of a step."""
        start = self._clock()
        task = asyncio.get_running_loop().create_task(answer)
        try:
            await asyncio.wait({task})
            await self._wait_until(start + self._step * self._steps(self._clock() - start))
            return task.result()
        finally:
            task.cancel()

    def close(self) -> None:
        """Release all waiting answers. Closing twice does nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _steps(self, seconds: float) -> int:
        """Return how many steps have begun after this many seconds."""
        return math.floor(seconds / self._step) + 1

    async def _wait_until(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._changed:
            if self._closed:
                return
            self._count += 1  # A tie-breaker: futures cannot be compared.
            heapq.heappush(self._waiting, (due, self._count, future, loop))
            if self._waiting[0][2] is future:
                self._changed.notify()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="pace", daemon=True)
                try:
                    threads.start(thread)
                    self._thread = thread
                except threads.ThreadStartError:
                    # Less even, but nothing waits without end.
                    loop.call_later(max(0.0, due - self._clock()), _release, future)
        await future

    def _run(self) -> None:
        while (waiting := self._next()) is not None:
            _, _, future, loop = waiting
            with suppress(RuntimeError):  # The loop is closed, so no answer waits any more.
                loop.call_soon_threadsafe(_release, future)

    def _next(self) -> _PendingAnswer | None:
        """Return the next answer when it is due, or None after `close`."""
        with self._changed:
            while not self._closed or self._waiting:
                if not self._waiting:
                    self._changed.wait()
                    continue
                left = self._waiting[0][0] - self._clock()
                if left <= 0 or self._closed:
                    return heapq.heappop(self._waiting)
                self._changed.wait(left)
        return None


def _release(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
