"""Answers kept in memory, the found ones apart from the others.

A flood of invented names pushes out other invented names, and no real one.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Kept = TypeVar("Kept")


class Keeping(Generic[Key, Kept]):
    """Two bounded shelves, on which what was not asked for the longest makes room."""

    def __init__(self, size: int, missing_size: int) -> None:
        """Begin empty.

        Args:
            size: how many answers are kept that found something.
            missing_size: how many that did not.
        """
        self._found: OrderedDict[Key, Kept] = OrderedDict()
        self._missing: OrderedDict[Key, Kept] = OrderedDict()
        self._size = size
        self._missing_size = missing_size

    def __iter__(self) -> Iterator[Kept]:
        """Give all that is kept."""
        yield from self._found.values()
        yield from self._missing.values()

    def recall(self, key: Key) -> Kept | None:
        """Give what is kept for a key, which makes it the last to go; None if there is nothing."""
        for shelf in (self._found, self._missing):
            if (kept := shelf.get(key)) is not None:
                shelf.move_to_end(key)
                return kept
        return None

    def keep(self, key: Key, kept: Kept, *, is_found: bool) -> None:
        """Keep an answer in place of any earlier one about the same key."""
        target, other, size = self._found, self._missing, self._size
        if not is_found:
            target, other, size = other, target, self._missing_size
        other.pop(key, None)
        target[key] = kept
        target.move_to_end(key)
        while len(target) > size:
            target.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._found.clear()
        self._missing.clear()
