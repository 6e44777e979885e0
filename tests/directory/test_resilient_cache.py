"""The cache of a directory's guard does not reveal who exists."""

import asyncio
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.directory.scripted import BOB, CONFIGURED, Clock, ScriptedDirectory, run
from tests.making import ALICE
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryUnavailable
from waypost.core.model import User
from waypost.directory.protocol import Entry
from waypost.directory.resilient import ResilientDirectory, UserCacheLimits

KEPT: Final = 3
USERS: Final = [EmailAddress(f"user{number}", DomainName("example.com")) for number in range(6)]
# The address of each request, and the seconds before it.
STEPS: Final = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 29, 31, 60])))


def questions(steps: Sequence[tuple[int, float]], known: frozenset[int]) -> list[str]:
    """Return the lookups in a directory that knows some of the users."""
    entry: Entry = {"login": ["u"]}
    source = ScriptedDirectory({USERS[number]: entry for number in known})
    clock = Clock()
    guard = ResilientDirectory(source, CONFIGURED, cache_limits=UserCacheLimits(KEPT), clock=clock)

    async def work() -> None:
        for number, seconds in steps:
            clock.now += seconds
            await guard.user_for(USERS[number])
        await guard.close()

    run(work())
    return source.asked


@given(STEPS, st.frozensets(st.integers(0, 5)))
def test_caching_does_not_depend_on_who_exists(
    steps: Sequence[tuple[int, float]], known: frozenset[int]
) -> None:
    """Whether an answer is cached depends only on earlier requests and the time."""
    assert questions(steps, known) == questions(steps, frozenset())


@pytest.mark.parametrize("address", [ALICE, BOB], ids=["known", "unknown"])
def test_a_flood_evicts_all_users(address: EmailAddress) -> None:
    """After many invented names, a known and an unknown user are looked up again."""
    source = ScriptedDirectory()
    guard = ResilientDirectory(source, CONFIGURED, cache_limits=UserCacheLimits(KEPT))

    async def work() -> None:
        await guard.user_for(address)
        for user in USERS[:KEPT]:
            assert await guard.user_for(user) is None
        await guard.user_for(address)
        await guard.close()

    run(work())

    assert source.asked.count(str(address)) == 2


def test_a_flood_costs_no_last_good_answer() -> None:
    """Invented names evict no known user from the cache for an unavailable directory."""
    source, clock = ScriptedDirectory(), Clock()
    guard = ResilientDirectory(source, CONFIGURED, cache_limits=UserCacheLimits(KEPT), clock=clock)

    async def work() -> None:
        await guard.user_for(ALICE)
        await asyncio.gather(*map(guard.user_for, USERS))
        source.error = DirectoryUnavailable("away")
        assert await guard.user_for(ALICE) == User("a1", "Alice")
        await guard.close()

    run(work())


def test_a_user_who_was_removed_does_not_come_back() -> None:
    """A removed user stays unknown while the directory is unavailable."""
    source, clock = ScriptedDirectory(), Clock()
    guard = ResilientDirectory(source, CONFIGURED, cache_limits=UserCacheLimits(KEPT), clock=clock)

    async def work() -> None:
        await guard.user_for(ALICE)
        clock.now += 61
        source.entries = {}
        assert await guard.user_for(ALICE) is None
        clock.now += 61
        source.error = DirectoryUnavailable("away")
        with pytest.raises(DirectoryUnavailable):
            await guard.user_for(ALICE)
        await guard.close()

    run(work())
