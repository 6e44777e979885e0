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

Argument = TypeVar("Argument")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Call(Generic[Argument, Result]):
    argument: Argument
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Result]"


class WorkerPool(Generic[Argument, Result]):
    """A queue of calls, and a limited number of threads that run them."""

    def __init__(
        self,
        name: str,
        function: Callable[[Argument], Result],
        threads: int,
        make_error: Callable[[], WaypostError],
    ) -> None:
        """Initialize with the function to call; no thread is started yet.

        Args:
            name: of the threads.
            function: may block, and raise any `WaypostError`.
            threads: how many calls run at the same time.
            make_error: returns the error of a call whose thread ended by a defect.
        """
        self._name = name
        self._function = function
        self._limit = threads
        self._make_error = make_error
        self._threads: list[threading.Thread] = []
        self._calls: SimpleQueue[_Call[Argument, Result] | None] = SimpleQueue()

    def submit(self, argument: Argument) -> "asyncio.Future[Result]":
        """Queue a call; the future gets its result or its error."""
        loop = asyncio.get_running_loop()
        call: _Call[Argument, Result] = _Call(argument, loop, loop.create_future())
        self._calls.put(call)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < self._limit:
            thread = threading.Thread(target=self._run_calls, name=self._name, daemon=True)
            try:
                threads.start(thread)
            except threads.ThreadStartError:
                if not self._threads:
                    # The call stays in the queue, and its later result is dropped.
                    call.future.set_exception(self._make_error())
            else:
                self._threads.append(thread)
        return call.future

    def close(self, seconds: float) -> None:
        """End the threads, and wait at most so long for running calls."""
        for _ in self._threads:
            self._calls.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run_calls(self) -> None:
        while (call := self._calls.get()) is not None:
            # The outcome after any other error; the thread ends.
            result: Result | WaypostError = self._make_error()
            try:
                result = self._function(call.argument)
            except WaypostError as error:
                result = error
            finally:
                with suppress(RuntimeError):  # The loop is closed: no task waits any more.
                    call.loop.call_soon_threadsafe(_deliver, call.future, result)


def _deliver(future: "asyncio.Future[Result]", result: Result | WaypostError) -> None:
    if future.done():
        return
    if isinstance(result, WaypostError):
        future.set_exception(result)
    else:
        future.set_result(result)
