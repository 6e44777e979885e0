"""Histograms of durations for one thread: plain lists of numbers, which are read at a scrape."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from waypost.runtime.metric_types import Kind

_SHORT: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05)
BUCKET_BOUNDS: Final = (*_SHORT, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, in seconds.

An answer from memory takes less than a millisecond, a database that hangs some seconds.
"""


class Durations:
    """The durations of one kind.

    Attributes:
        counts: how many durations are in each bucket; the last one has no upper bound.
        total: the sum, in seconds.
    """

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        """Create it without durations."""
        self.counts = [0] * (len(BUCKET_BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Add one duration."""
        self.counts[bisect_left(BUCKET_BOUNDS, seconds)] += 1
        self.total += seconds


class LatencyHistogram:
    """A histogram that one thread updates; other threads may read it."""

    kind: Kind = "histogram"

    def __init__(self, name: str, documentation: str, label_names: Sequence[str] = ()) -> None:
        """Create a histogram; without labels it has one set of buckets.

        Args:
            name: with the unit, `_seconds`.
            documentation: what is measured.
            label_names: the names of its labels.
        """
        self.name = name
        self.documentation = documentation
        self.label_names = label_names
        self._durations: dict[tuple[str, ...], Durations] = {} if label_names else {(): Durations()}

    def durations(self, *labels: str) -> Durations:
        """Return the durations with these labels."""
        return self._durations.setdefault(labels, Durations())

    def observer(self, *labels: str) -> Callable[[float], None]:
        """Return the function that adds a duration with these labels."""
        return self.durations(*labels).observe

    def values(self) -> Iterable[tuple[tuple[str, ...], tuple[float, ...]]]:
        """Return the labels, and the number in each bucket and the sum."""
        return [
            (labels, (*durations.counts, durations.total))
            for labels, durations in list(self._durations.items())
        ]
