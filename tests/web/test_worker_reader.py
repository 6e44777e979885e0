"""The questions of the admin process to its parent."""

import asyncio
from multiprocessing import Pipe
from threading import Thread

import pytest

from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_counts import Counts, WorkersReport, collect_counts
from waypost.web import worker_reader
from waypost.web.worker_reader import WorkerReader, answer_questions


def test_answer() -> None:
    """The parent answers with the metrics of each worker."""
    counts = collect_counts(Metrics().all)
    here, there = Pipe()
    Thread(
        target=answer_questions, args=(there, lambda: WorkersReport((counts, counts))), daemon=True
    ).start()

    async def ask() -> list[int]:
        asked = WorkerReader(here)
        return [len(await asked.read()), len(await asked.read())]

    assert asyncio.run(ask()) == [2, 2]
    here.close()


def test_late_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A late answer to an earlier question is not the answer to the next one."""
    monkeypatch.setattr(worker_reader, "ANSWER_SECONDS", 0.05)
    counts: Counts = ()
    here, there = Pipe()

    async def ask() -> list[int]:
        asked = WorkerReader(here)
        found = [len(await asked.read())]  # The parent does not answer at all.
        assert there.recv() == 1
        there.send((1, WorkersReport((counts, counts))))
        there.send((2, WorkersReport((counts,))))
        return [*found, len(await asked.read())]

    assert asyncio.run(ask()) == [0, 1]


def test_parent_that_has_ended() -> None:
    """Without a parent there are no workers, and no exception."""
    here, there = Pipe()
    there.close()
    assert asyncio.run(WorkerReader(here).read()) == ()
    assert asyncio.run(WorkerReader(here).report()) is None
