"""The workers, as the admin process sees them: it asks its parent, which has their metrics."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from waypost.runtime.worker_counts import Counts, WorkersReport

ANSWER_SECONDS: Final = 2.0

ReadWorkers = Callable[[], WorkersReport]
"""Returns the metrics of the workers."""


def answer_questions(pipe: Connection, read_workers: ReadWorkers) -> None:
    """Answer the questions of the admin process until it ends."""
    with suppress(EOFError, OSError), pipe:
        while True:
            number = pipe.recv()
            pipe.send((number, read_workers()))


class WorkerReader:
    """Asks the parent for the metrics of the workers."""

    def __init__(self, pipe: Connection) -> None:
        """Initialize with the pipe to the parent."""
        self._pipe = pipe
        self._lock = asyncio.Lock()
        self._questions = 0

    async def read(self) -> tuple[Counts, ...]:
        """Return the metrics of each running worker; nothing if the parent does not answer."""
        report = await self.report()
        return () if report is None else report.running

    async def report(self) -> WorkersReport | None:
        """Return the metrics of the workers; None if the parent does not answer."""
        async with self._lock:
            return await asyncio.to_thread(self._ask)

    def _ask(self) -> WorkersReport | None:
        self._questions += 1
        with suppress(EOFError, OSError):
            self._pipe.send(self._questions)
            while self._pipe.poll(ANSWER_SECONDS):
                number, report = self._pipe.recv()
                if number == self._questions:  # Not a late answer to an earlier question.
                    result: WorkersReport = report
                    return result
        return None
