"""Answers after a whole number of time steps, so that the duration reveals nothing about the user.

The timers of an event loop are not exact enough: they are late by up to a millisecond, and the
delay depends on when the answer came (docs/decisions/0017-time-of-an-answer.md). So one thread
counts the time for all answers. It does nothing for a single answer: answers that are due at about
the same time have one slot, and the thread wakes the event loop once for each slot.
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
SLOTS_PER_STEP: Final = 16
"""The end of a step is rounded up to a slot, for all answers alike."""

_Answer = TypeVar("_Answer")
# The start of the request, its number, and what it waits for.
_PendingAnswer = tuple[float, int, "asyncio.Future[None]"]


class ResponsePacer:
    """A pacer that returns each answer a whole number of steps after its question.

    One event loop uses it. What it does for an answer depends only on the times of the question and
    of the answer.
    """

    def __init__(
        self, step_seconds: float = STEP_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Create an idle pacer; the first answer starts the thread.

        Args:
            step_seconds: the shortest duration of an answer.
            clock: a monotonic clock, in seconds.
        """
        self._step = step_seconds
        self._slot_seconds = step_seconds / SLOTS_PER_STEP
        self._clock = clock
        self._count = 0
        # Used in the event loop only: the answers of each slot.
        self._answers: dict[int, list[_PendingAnswer]] = {}
        # Shared with the thread: the slots with answers.
        self._slots: list[int] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def run(self, answer: Coroutine[Any, Any, _Answer]) -> _Answer:
        """Return the result of a coroutine, or raise its exception, at the end of a step."""
        start = self._clock()
        self._count += 1
        number, is_abandoned = self._count, False
        try:
            return await answer
        except (asyncio.CancelledError, GeneratorExit):
            is_abandoned = True
            raise
        finally:
            if not is_abandoned and not self._closed:
                await self._wait(start, number)

    def close(self) -> None:
        """Release all waiting answers. Closing twice does nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    async def _wait(self, start: float, number: int) -> None:
        steps = math.floor((self._clock() - start) / self._step) + 1
        slot = math.ceil((start + steps * self._step) / self._slot_seconds)
        loop = self._loop = asyncio.get_running_loop()
        future = loop.create_future()
        if (answers := self._answers.get(slot)) is None:
            answers = self._answers[slot] = []
            self._add_slot(slot, loop)
        answers.append((start, number, future))
        await future

    def _add_slot(self, slot: int, loop: asyncio.AbstractEventLoop) -> None:
        """Let the thread release a new slot."""
        with self._changed:
            heapq.heappush(self._slots, slot)
            if self._slots[0] == slot:
                self._changed.notify()
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="pace", daemon=True)
            try:
                threads.start(thread)
                self._thread = thread
            except threads.ThreadStartError:
                # Less even, but nothing waits without end.
                left = slot * self._slot_seconds - self._clock()
                loop.call_later(max(0.0, left), self._release, slot)

    def _release(self, slot: int) -> None:
        """Let the answers of a slot continue, in the order of their questions."""
        # Not in the order of the answers: an answer from the cache is the earlier one.
        for _, _, future in sorted(self._answers.pop(slot, ())):
            if not future.done():
                future.set_result(None)

    def _run(self) -> None:
        while (slot := self._next()) is not None:
            with suppress(RuntimeError):  # The loop is closed, so no answer waits any more.
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(self._release, slot)

    def _next(self) -> int | None:
        """Return the next slot when it is due, or None after `close`."""
        with self._changed:
            while not self._closed or self._slots:
                if not self._slots:
                    self._changed.wait()
                    continue
                left = self._slots[0] * self._slot_seconds - self._clock()
                if left <= 0 or self._closed:
                    return heapq.heappop(self._slots)
                self._changed.wait(left)
        return None
