"""Threads for slow calls, so that the event loop never waits for them.

The threads end with the process even if a call hangs. Those of `concurrent.futures` do not: the
interpreter waits for them at exit.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from waypost.core.errors import WaypostError
from waypost.runtime import threads

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


@dataclass(frozen=True, slots=True)
class _Question(Generic[Asked, Answered]):
    about: Asked
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Answered]"


class WorkerPool(Generic[Asked, Answered]):
    """A queue of calls, and a limited number of threads that run them."""

    def __init__(
        self,
        name: str,
        ask: Callable[[Asked], Answered],
        threads: int,
        broken: Callable[[], WaypostError],
    ) -> None:
        """Initialize with the function to call; no thread is started yet.

        Args:
            name: of the threads.
            ask: may block, and raise any `WaypostError`.
            threads: how many calls run at the same time.
            broken: returns the error of a call whose thread ended by a defect.
        """
        self._name = name
        self._ask = ask
        self._limit = threads
        self._broken = broken
        self._threads: list[threading.Thread] = []
        self._questions: SimpleQueue[_Question[Asked, Answered] | None] = SimpleQueue()

    def ask(self, about: Asked) -> "asyncio.Future[Answered]":
        """Queue a call; the future gets its result or its error."""
        loop = asyncio.get_running_loop()
        question: _Question[Asked, Answered] = _Question(about, loop, loop.create_future())
        self._questions.put(question)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < self._limit:
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            try:
                threads.start(thread)
            except threads.NoThread:
                if not self._threads:
                    # The call stays in the queue, and its later result is dropped.
                    question.answer.set_exception(self._broken())
            else:
                self._threads.append(thread)
        return question.answer

    def close(self, seconds: float) -> None:
        """End the threads, and wait at most so long for running calls."""
        for _ in self._threads:
            self._questions.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            # The outcome after any other error; the thread ends.
            outcome: Answered | WaypostError = self._broken()
            try:
                outcome = self._ask(question.about)
            except WaypostError as error:
                outcome = error
            finally:
                with suppress(RuntimeError):  # The loop is closed: no task waits any more.
                    question.loop.call_soon_threadsafe(_deliver, question.answer, outcome)


def _deliver(answer: "asyncio.Future[Answered]", outcome: Answered | WaypostError) -> None:
    if answer.done():
        return
    if isinstance(outcome, WaypostError):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
