"""Threads that ask a store, so that the event loop never waits for it.

The threads end with the process even while the store hangs, which those of
`concurrent.futures` do not: the interpreter waits for them at its end.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue

from waypost.address import DomainName
from waypost.errors import StoreError, StoreUnavailable
from waypost.model import Domain

Failure = StoreUnavailable | StoreError
Answer = asyncio.Future[Domain | None]


@dataclass(frozen=True, slots=True)
class _Question:
    domain: DomainName
    loop: asyncio.AbstractEventLoop
    answer: Answer


class Lane:
    """A queue of questions and the threads that ask them, a few at a time."""

    def __init__(self, name: str, ask: Callable[[DomainName], Domain | None], threads: int) -> None:
        """Take whom to ask, and how many questions go on at once; no thread is started yet."""
        self._name = name
        self._ask = ask
        self._limit = threads
        self._threads: list[threading.Thread] = []
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()

    def ask(self, domain: DomainName) -> Answer:
        """Queue a question; the answer raises StoreUnavailable or StoreError as the store does."""
        loop = asyncio.get_running_loop()
        question = _Question(domain, loop, loop.create_future())
        self._questions.put(question)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < self._limit:
            thread = threading.Thread(target=self._work, name=f"store-{self._name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return question.answer

    def close(self, seconds: float) -> None:
        """End the threads, and wait so long for those that are still asking."""
        for _ in self._threads:
            self._questions.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            found: Domain | None = None
            # What anything else than these two errors leaves for whoever waits; the thread ends.
            failure: Failure | None = StoreError("the store broke down")
            try:
                found = self._ask(question.domain)
                failure = None
            except (StoreUnavailable, StoreError) as error:
                failure = error
            finally:
                with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                    question.loop.call_soon_threadsafe(_deliver, question.answer, found, failure)


def _deliver(
    answer: Answer, found: Domain | None, failure: StoreUnavailable | StoreError | None
) -> None:
    if answer.done():
        return
    if failure is None:
        answer.set_result(found)
    else:
        answer.set_exception(failure)
