"""The workers, as the admin process sees them: it asks its parent, which has their metrics."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from waypost.runtime.worker_counts import Counts

ANSWER_SECONDS: Final = 2.0

ReadWorkers = Callable[[], tuple[Counts, ...]]
"""Returns the metrics of each running worker."""


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
        async with self._lock:
            return await asyncio.to_thread(self._ask)

    def _ask(self) -> tuple[Counts, ...]:
        self._questions += 1
        with suppress(EOFError, OSError):
            self._pipe.send(self._questions)
            while self._pipe.poll(ANSWER_SECONDS):
                number, workers = self._pipe.recv()
                if number == self._questions:  # Not a late answer to an earlier question.
                    result: tuple[Counts, ...] = workers
                    return result
        return ()
