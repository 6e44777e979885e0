"""Counters and gauges of a running Waypost, which need no Prometheus library.

The library takes 2 MB, and only a process that shows its metrics needs it (`prometheus.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Literal, Protocol

Kind = Literal["counter", "gauge", "histogram"]
Value = float | tuple[float, ...]
"""A number; of a histogram, the number of events in each bucket, and the sum of their values."""


class Numbers(Protocol):
    """One metric: a number for each combination of its labels.

    Attributes:
        name: its name; that of a counter without `_total`.
        documentation: what it shows.
        kind: a counter only grows.
        label_names: the names of its labels.
    """

    name: str
    documentation: str
    kind: Kind
    label_names: Sequence[str]

    def values(self) -> Iterable[tuple[tuple[str, ...], Value]]:
        """Return the labels and the value of each number."""
        ...


class EventCounter:
    """A counter of one thread, without the lock that takes most of the time of others.

    Other threads may read it.
    """

    kind: Kind = "counter"

    def __init__(self, name: str, documentation: str, label_names: Sequence[str]) -> None:
        """Create a counter without events.

        Args:
            name: without `_total`.
            documentation: what is counted.
            label_names: the names of its labels.
        """
        self.name = name
        self.documentation = documentation
        self.label_names: Sequence[str] = tuple(label_names)
        self._events: dict[tuple[str, ...], _Events] = {}

    def incrementer(self, *labels: str) -> Callable[[], None]:
        """Return the function that counts one event with these labels; it starts at zero."""
        return self._events.setdefault(labels, _Events()).increment

    def values(self) -> Iterable[tuple[tuple[str, ...], float]]:
        """Return the labels and the number of each kind of event."""
        return [(labels, events.number) for labels, events in list(self._events.items())]


class LockedNumbers:
    """A counter or a gauge that any thread changes."""

    def __init__(
        self, name: str, documentation: str, label_names: Sequence[str] = (), kind: Kind = "counter"
    ) -> None:
        """Create a metric; without labels it has one number, which is zero.

        Args:
            name: that of a counter without `_total`.
            documentation: what it shows.
            label_names: the names of its labels.
            kind: `counter` or `gauge`.
        """
        self.name = name
        self.documentation = documentation
        self.label_names = label_names
        self.kind: Kind = kind
        self._lock = Lock()
        self._values: dict[tuple[str, ...], float] = {} if label_names else {(): 0}

    def add(self, *labels: str, number: float = 1) -> None:
        """Add to the number with these labels."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0) + number

    def set(self, value: float, *labels: str) -> None:
        """Set the number with these labels."""
        with self._lock:
            self._values[labels] = value

    def remove(self, *labels: str) -> None:
        """Remove the number with these labels, if there is one."""
        with self._lock:
            self._values.pop(labels, None)

    def values(self) -> Iterable[tuple[tuple[str, ...], float]]:
        """Return the labels and the value of each number."""
        with self._lock:
            return [*self._values.items()]


class ReadGauge:
    """A gauge whose numbers are read when they are shown."""

    kind: Kind = "gauge"

    def __init__(self, name: str, documentation: str, label_names: Sequence[str] = ()) -> None:
        """Create a gauge; without labels it has one number, which is zero.

        Args:
            name: its name.
            documentation: what it shows.
            label_names: the names of its labels.
        """
        self.name = name
        self.documentation = documentation
        self.label_names = label_names
        self._readers: dict[tuple[str, ...], Callable[[], float]] = {} if label_names else {(): int}

    def read_from(self, read: Callable[[], float], *labels: str) -> None:
        """Read the number with these labels from a function."""
        self._readers[labels] = read

    def values(self) -> Iterable[tuple[tuple[str, ...], float]]:
        """Return the labels and the value of each number."""
        return [(labels, read()) for labels, read in list(self._readers.items())]


class _Events:
    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def increment(self) -> None:
        self.number += 1
