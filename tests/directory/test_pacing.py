"""Answers come at the end of a step, for any result and any duration of the lookup."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from tests.directory.scripted import Clock, run
from waypost.core.errors import DirectoryUnavailable
from waypost.directory.pacing import SLOTS_PER_STEP, ResponsePacer

STEP = 0.25
SLOT = STEP / SLOTS_PER_STEP
SOON_SECONDS = 0.05

Answer = Callable[[asyncio.Event], Coroutine[object, object, str]]


async def found(gate: asyncio.Event) -> str:
    """Return an answer when a gate opens."""
    await gate.wait()
    return "found"


async def failing(gate: asyncio.Event) -> str:
    """Raise an error when a gate opens."""
    await gate.wait()
    raise DirectoryUnavailable("away")


@pytest.mark.parametrize("answer", [found, failing])
@pytest.mark.parametrize(
    ("found_after", "due_after"),
    [(0.0, STEP), (0.8 * STEP, STEP), (STEP, 2 * STEP), (2.4 * STEP, 3 * STEP)],
)
def test_end_of_a_step(answer: Answer, found_after: float, due_after: float) -> None:
    """An answer or an error waits for the end of its step."""
    clock = Clock()
    pace = ResponsePacer(STEP, clock)

    async def work() -> None:
        gate = asyncio.Event()
        begin = clock.now
        task = asyncio.create_task(pace.run(answer(gate)))
        await asyncio.sleep(0)
        clock.now = begin + found_after
        gate.set()
        await asyncio.sleep(SOON_SECONDS)
        clock.now = begin + due_after - 0.01
        await asyncio.sleep(SOON_SECONDS)
        assert not task.done()
        clock.now = begin + due_after
        await asyncio.wait({task}, timeout=30)
        if answer is failing:
            assert isinstance(task.exception(), DirectoryUnavailable)
        else:
            assert task.result() == "found"
        pace.close()

    run(work())


def test_each_has_its_own_steps() -> None:
    """Answers that are due earlier come earlier, and many may be due at once."""
    clock = Clock()
    pace = ResponsePacer(STEP, clock)
    order: list[int] = []

    async def asked(number: int, gate: asyncio.Event) -> None:
        await pace.run(found(gate))
        order.append(number)

    async def work() -> None:
        closed, opened = asyncio.Event(), asyncio.Event()
        opened.set()
        late = asyncio.create_task(asked(0, closed))
        tasks = [late]
        for number in (1, 2, 2):
            await asyncio.sleep(0)
            clock.now += STEP / 5
            tasks.append(asyncio.create_task(asked(number, opened)))
        await asyncio.sleep(SOON_SECONDS)
        clock.now += STEP + SLOT
        _, waiting = await asyncio.wait(tasks[1:], timeout=30)
        assert not waiting
        closed.set()
        await asyncio.sleep(SOON_SECONDS)
        clock.now += STEP + SLOT
        _, waiting = await asyncio.wait({late}, timeout=30)
        assert not waiting
        pace.close()

    run(work())

    assert order == [1, 2, 2, 0]


def test_order_in_a_slot() -> None:
    """An answer from the cache does not overtake one that was requested before and came later."""
    clock = Clock()
    pace = ResponsePacer(STEP, clock)
    order: list[str] = []

    async def asked(name: str, gate: asyncio.Event) -> None:
        await pace.run(found(gate))
        order.append(name)

    async def work() -> None:
        looked_up, cached = asyncio.Event(), asyncio.Event()
        cached.set()
        clock.now += SLOT / 4
        first = asyncio.create_task(asked("looked up", looked_up))
        await asyncio.sleep(0)
        clock.now += SLOT / 4
        second = asyncio.create_task(asked("cached", cached))
        await asyncio.sleep(SOON_SECONDS)
        looked_up.set()
        await asyncio.sleep(SOON_SECONDS)
        assert order == []
        clock.now += STEP + SLOT
        _, waiting = await asyncio.wait({first, second}, timeout=30)
        assert not waiting
        pace.close()

    run(work())

    assert order == ["looked up", "cached"]


def test_cancelled_request_cancels_its_lookup() -> None:
    """A cancelled request cancels its lookup."""
    cancelled: list[bool] = []

    async def answer() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def work() -> None:
        pace = ResponsePacer(STEP)
        task = asyncio.create_task(pace.run(answer()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        pace.close()

    run(work())

    assert cancelled == [True]


def test_no_waiting_after_close() -> None:
    """After `close`, waiting and later answers come at once."""
    clock = Clock()
    pace = ResponsePacer(STEP, clock)

    async def work() -> None:
        gate = asyncio.Event()
        gate.set()
        task = asyncio.create_task(pace.run(found(gate)))
        await asyncio.sleep(SOON_SECONDS)
        assert not task.done()
        pace.close()
        assert await asyncio.wait_for(task, 30) == "found"
        assert await asyncio.wait_for(pace.run(found(gate)), 30) == "found"
        pace.close()

    run(work())
