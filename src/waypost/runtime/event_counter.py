"""Counters for the events of one thread: without the lock that takes most of the time of others."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class EventCounter(Collector):
    """A metric of Prometheus that one thread counts; other threads may read it."""

    def __init__(self, name: str, documentation: str, label_names: Sequence[str]) -> None:
        """Create a counter without events.

        Args:
            name: without `_total`.
            documentation: what is counted.
            label_names: the names of its labels.
        """
        self._name = name
        self._documentation = documentation
        self._label_names = tuple(label_names)
        self._events: dict[tuple[str, ...], _Events] = {}

    def incrementer(self, *labels: str) -> Callable[[], None]:
        """Return the function that counts one event with these labels; it starts at zero."""
        return self._events.setdefault(labels, _Events()).increment

    def collect(self) -> Iterable[Metric]:
        """Return the current numbers."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._label_names)
        for labels, events in list(self._events.items()):
            family.add_metric(labels, events.number)
        return (family,)


class _Events:
    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def increment(self) -> None:
        self.number += 1
