"""Where the time of a request went: to the database, a directory, or a signature."""

from collections.abc import Awaitable
from contextvars import ContextVar
from time import perf_counter
from typing import Final, Literal, NamedTuple, TypeVar

Result = TypeVar("Result")

PartName = Literal["database", "directory", "signing"]
# Less is an answer from memory.
_SHOWN_MILLISECONDS: Final = 0.1


class PartTime(NamedTuple):
    """A time that a request waited, from and to, in seconds of `time.perf_counter`."""

    name: PartName
    start: float
    end: float


class PartTimes:
    """The times of the requests of one event loop; each request has its own task."""

    def __init__(self) -> None:
        """Create it without a request."""
        self._current: ContextVar[list[PartTime] | None] = ContextVar("waypost.parts", default=None)

    def begin(self) -> list[PartTime]:
        """Begin to measure for the request of this task; return the list that gets the parts."""
        parts: list[PartTime] = []
        self._current.set(parts)
        return parts

    async def measure(self, name: PartName, work: Awaitable[Result]) -> Result:
        """Return the result of some work, and add its time to the request of this task."""
        parts = self._current.get()
        if parts is None:
            return await work
        start = perf_counter()
        try:
            return await work
        finally:
            parts.append(PartTime(name, start, perf_counter()))


def milliseconds(parts: list[PartTime]) -> dict[str, float]:
    """Return the sum of each part that took a tenth of a millisecond or more."""
    sums: dict[str, float] = {}
    for name, start, end in parts:
        sums[name] = sums.get(name, 0.0) + (end - start) * 1000
    return {name: round(sum_, 3) for name, sum_ in sums.items() if sum_ >= _SHOWN_MILLISECONDS}
