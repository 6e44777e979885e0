"""The clocks in front of the parts that a request waits for."""

import asyncio

import pytest

from tests.making import ALICE, EXAMPLE_COM
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryUnavailable, StoreUnavailable
from waypost.core.model import Directory, Domain, FileDirectory, User
from waypost.runtime.part_times import PartTimes
from waypost.wiring.timed_parts import TimedDomains, TimedUsers

USERS = FileDirectory("users", "/users.csv")
USER = User(login_name="a17")


class Slow:
    """A finder of domains and users that waits once for other tasks."""

    async def find(self, _domain: DomainName) -> Domain | None:
        """Find no domain."""
        await asyncio.sleep(0)
        return None

    async def user_for(self, _directory: Directory, _address: EmailAddress) -> User | None:
        """Find a user."""
        await asyncio.sleep(0)
        return USER


class Unavailable(Slow):
    """A finder whose servers do not answer."""

    async def find(self, _domain: DomainName) -> Domain | None:
        """Find nothing."""
        raise StoreUnavailable("the database does not answer")

    async def user_for(self, _directory: Directory, _address: EmailAddress) -> User | None:
        """Find nothing."""
        raise DirectoryUnavailable("the directory does not answer")


def test_answers_and_times() -> None:
    """What is found is passed on, and each request gets the names of the parts it waited for."""

    async def request(times: PartTimes) -> list[str]:
        parts = times.begin()
        assert await TimedDomains(Slow(), times).find(EXAMPLE_COM) is None
        assert await TimedUsers(Slow(), times).user_for(USERS, ALICE) == USER
        assert all(part.start <= part.end for part in parts)
        return [part.name for part in parts]

    async def requests() -> list[list[str]]:
        times = PartTimes()
        return await asyncio.gather(*(request(times) for _ in range(3)))

    assert asyncio.run(requests()) == [["database", "directory"]] * 3


def test_errors_have_times() -> None:
    """An error is passed on, and the time until it is measured."""

    async def request() -> list[str]:
        times = PartTimes()
        parts = times.begin()
        with pytest.raises(StoreUnavailable):
            await TimedDomains(Unavailable(), times).find(EXAMPLE_COM)
        with pytest.raises(DirectoryUnavailable):
            await TimedUsers(Unavailable(), times).user_for(USERS, ALICE)
        return [part.name for part in parts]

    assert asyncio.run(request()) == ["database", "directory"]
