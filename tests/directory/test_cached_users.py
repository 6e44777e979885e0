"""A cached user costs no thread, no task and no timer, whether the directory has it or not."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tests.directory.scripted import BOB, CONFIGURED, ScriptedDirectory
from tests.making import ALICE
from waypost.core.address import EmailAddress
from waypost.core.model import User
from waypost.directory.directories import Directories

REQUESTS: Final = 20


COUNTED: Final = {
    "create_task": "tasks",
    "call_at": "timers",
    "run_in_executor": "calls in threads",
    "call_soon_threadsafe": "wake-ups",
}


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts what is started in it, and how often another thread wakes it."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()
        for method, name in COUNTED.items():
            setattr(self, method, self._counting(name, getattr(self, method)))

    def _counting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **more: object) -> object:
            self.counted[name] += 1
            return method(*args, **more)

        return call


def counted(asked: Callable[[Directories], Any]) -> tuple[Counter[str], list[str]]:
    """Return what requests start after both users are cached, and the lookups of the directory."""
    source = ScriptedDirectory()
    people = Directories(lambda _directory: source)

    async def work(loop: CountingLoop) -> Counter[str]:
        assert await people.user_for(CONFIGURED, ALICE) == User("a1", "Alice")
        assert await people.user_for(CONFIGURED, BOB) is None
        threads = set(threading.enumerate())
        loop.counted.clear()
        await asked(people)
        result = loop.counted.copy()
        assert set(threading.enumerate()) == threads
        await people.close()
        return result

    loop = CountingLoop()
    try:
        result = loop.run_until_complete(work(loop))
    finally:
        loop.close()
    return result, source.asked


def one_by_one(address: EmailAddress) -> Counter[str]:
    """Return what requests for one user start, each after the one before."""

    async def asked(people: Directories) -> None:
        for _ in range(REQUESTS):
            await people.user_for(CONFIGURED, address)

    result, lookups = counted(asked)
    assert lookups == [f"{ALICE}", f"{BOB}"]
    return result


def test_known_and_unknown_users_cost_the_same() -> None:
    """The pacer wakes the event loop once for each answer; nothing else is started."""
    known, unknown = one_by_one(ALICE), one_by_one(BOB)

    assert known == unknown == {"wake-ups": REQUESTS}


def test_simultaneous_answers_share_a_wake_up() -> None:
    """Answers that are due at about the same time wake the event loop once."""

    async def asked(people: Directories) -> None:
        users = [ALICE, BOB] * REQUESTS
        answers = [people.user_for(CONFIGURED, user) for user in users]
        await asyncio.gather(*answers)

    result, lookups = counted(asked)

    assert lookups == [f"{ALICE}", f"{BOB}"]
    # `gather` makes the tasks; a slow machine may spread the requests over several slots.
    assert result["tasks"] == 2 * REQUESTS
    assert set(result) == {"tasks", "wake-ups"}
    assert result["wake-ups"] < 2 * REQUESTS
