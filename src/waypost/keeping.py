"""Answers kept in memory, of which those that were not asked for the longest make room."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Kept = TypeVar("Kept")


class LruCache(Generic[Key, Kept]):
    """A bounded cache; the answer that was used least recently makes room."""

    def __init__(self, size: int) -> None:
        """Build an empty cache for so many answers."""
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size = size

    def __iter__(self) -> Iterator[Kept]:
        """Return all that is kept."""
        return iter(self._kept.values())

    def recall(self, key: Key) -> Kept | None:
        """Return what is kept for a key, which makes it the last to go; None if nothing is."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: Key, kept: Kept) -> None:
        """Keep an answer in place of any earlier one about the same key."""
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Keep nothing about a key."""
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


class Keeping(Generic[Key, Kept]):
    """Answers of two kinds: a flood of invented names pushes out other invented names alone.

    By the time of an answer a stranger learns which kind it was, so it is no place for users.
    """

    def __init__(self, size: int, missing_size: int) -> None:
        """Begin empty.

        Args:
            size: how many answers are kept that found something.
            missing_size: how many that did not.
        """
        self._found: LruCache[Key, Kept] = LruCache(size)
        self._missing: LruCache[Key, Kept] = LruCache(missing_size)

    def __iter__(self) -> Iterator[Kept]:
        """Return all that is kept."""
        yield from self._found
        yield from self._missing

    def recall(self, key: Key) -> Kept | None:
        """Return what is kept for a key, which makes it the last to go; None if nothing is."""
        kept = self._found.recall(key)
        return self._missing.recall(key) if kept is None else kept

    def keep(self, key: Key, kept: Kept, *, is_found: bool) -> None:
        """Keep an answer in place of any earlier one about the same key."""
        target, other = self._found, self._missing
        if not is_found:
            target, other = other, target
        other.forget(key)
        target.keep(key, kept)

    def clear(self) -> None:
        """Forget everything."""
        self._found.clear()
        self._missing.clear()
