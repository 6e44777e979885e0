"""LRU caches: each has a limited size and drops the least recently used answer."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """A cache of a limited size; it drops the least recently used answer."""

    def __init__(self, size: int) -> None:
        """Create an empty cache for so many answers."""
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._size = size

    def __iter__(self) -> Iterator[Value]:
        """Return all cached answers."""
        return iter(self._values.values())

    def __len__(self) -> int:
        """Return the number of cached answers."""
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """Return the answer for a key and mark it as used; None if there is none."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Add an answer, or replace the earlier one for the same key."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)

    def discard(self, key: Key) -> None:
        """Remove the answer for a key."""
        self._values.pop(key, None)

    def clear(self) -> None:
        """Remove everything."""
        self._values.clear()


class TwoPartCache(Generic[Key, Value]):
    """A cache in two parts: a flood of invented names pushes out only other invented names.

    The time of an answer shows which part it came from, so do not use this for users.
    """

    def __init__(self, size: int, missing_size: int) -> None:
        """Create an empty cache.

        Args:
            size: how many answers that found something are kept.
            missing_size: how many answers that found nothing are kept.
        """
        self._found: LruCache[Key, Value] = LruCache(size)
        self._missing: LruCache[Key, Value] = LruCache(missing_size)

    def __iter__(self) -> Iterator[Value]:
        """Return all cached answers."""
        yield from self._found
        yield from self._missing

    @property
    def sizes(self) -> tuple[int, int]:
        """How many answers found something, and how many did not."""
        return len(self._found), len(self._missing)

    def get(self, key: Key) -> Value | None:
        """Return the answer for a key and mark it as used; None if there is none."""
        value = self._found.get(key)
        return self._missing.get(key) if value is None else value

    def put(self, key: Key, value: Value, *, is_found: bool) -> None:
        """Add an answer, or replace the earlier one for the same key."""
        target, other = self._found, self._missing
        if not is_found:
            target, other = other, target
        other.discard(key)
        target.put(key, value)

    def clear(self) -> None:
        """Remove everything."""
        self._found.clear()
        self._missing.clear()
