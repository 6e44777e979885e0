"""Where the time of a request went."""

import asyncio

import pytest

from waypost.runtime.part_times import PartTime, PartTimes, milliseconds


def test_each_request_has_its_own_times() -> None:
    """Requests that run at the same time share nothing, and a failure is measured as well."""
    times = PartTimes()

    async def wait(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def fail() -> None:
        raise ValueError

    async def request(name: str) -> list[str]:
        parts = times.begin()
        if name == "first":
            assert await times.measure("database", wait(0.001)) == 0.001
        with pytest.raises(ValueError):  # noqa: PT011 -- that of `fail`
            await times.measure("signing", fail())
        return [part.name for part in parts]

    async def both() -> list[list[str]]:
        assert await times.measure("directory", wait(0)) == 0  # Without a request.
        return [*await asyncio.gather(request("first"), request("second"))]

    assert asyncio.run(both()) == [["database", "signing"], ["signing"]]


def test_milliseconds() -> None:
    """Times of one part are added up, and those of an answer from memory are left out."""
    parts = [
        PartTime("database", 1.0, 1.25),
        PartTime("database", 2.0, 2.25),
        PartTime("directory", 3.0, 3.00005),
    ]
    assert milliseconds(parts) == {"database": 500.0}
