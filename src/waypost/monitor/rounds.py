"""One run over everything: a few threads check, at a limited rate."""

import time
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from waypost.monitor.checks import CheckTask
from waypost.monitor.results import CheckResult
from waypost.runtime import threads

CHECKS_AT_ONCE: Final = 8
TICK_SECONDS: Final = 0.5
"""How often the caller gets control, at least."""


class CheckThreads:
    """Threads that check; they end with the process even if a check hangs."""

    def __init__(
        self, check: Callable[[CheckTask], CheckResult], count: int = CHECKS_AT_ONCE
    ) -> None:
        """Initialize with the function that checks; no thread is started yet.

        Args:
            check: checks a domain or a mail server; a defect in it ends only that check.
            count: how many checks run at the same time.
        """
        self._check = check
        self._count = count
        self._tasks: SimpleQueue[CheckTask | None] = SimpleQueue()
        self._results: SimpleQueue[CheckResult | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._pending = 0
        self.defects = 0

    def run(
        self, tasks: Iterable[CheckTask], rate: float, stop: Event
    ) -> Iterator[CheckResult | None]:
        """Yield the results in the order in which they come, and None if none comes for a moment.

        Args:
            tasks: what to check.
            rate: how many checks start in a second, at most.
            stop: ends the run; checks that have started are not waited for.
        """
        next_at = time.monotonic()
        for task in tasks:
            while not stop.is_set():
                wait = next_at - time.monotonic()
                has_room = self._pending < self._count
                if has_room and wait <= 0:
                    break
                yield self._next_result(min(wait, TICK_SECONDS) if has_room else TICK_SECONDS)
            if stop.is_set():
                return
            next_at = max(next_at, time.monotonic() - 1 / rate) + 1 / rate
            self._submit(task)
        while self._pending and not stop.is_set():
            yield self._next_result(TICK_SECONDS)

    def close(self) -> None:
        """End the threads when they have finished their checks; do not wait for them."""
        for _ in self._threads:
            self._tasks.put(None)

    def _submit(self, task: CheckTask) -> None:
        self._tasks.put(task)
        self._pending += 1
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= self._count:
            return
        thread = Thread(target=self._run_checks, name="check", daemon=True)
        try:
            threads.start(thread)
        except threads.ThreadStartError:
            if not self._threads:
                raise
        else:
            self._threads.append(thread)

    def _next_result(self, seconds: float) -> CheckResult | None:
        """Return the next result; None if there is none in time, or if a check had a defect."""
        try:
            result = self._results.get(timeout=max(seconds, 0.001))
        except Empty:
            return None
        self._pending -= 1
        self.defects += result is None
        return result

    def _run_checks(self) -> None:
        while (task := self._tasks.get()) is not None:
            result: CheckResult | None = None
            try:
                result = self._check(task)
            finally:  # After a defect, the thread ends, and standard error has the traceback.
                self._results.put(result)
