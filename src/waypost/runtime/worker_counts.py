"""The metrics of several workers, as plain values that a worker sends to its parent.

Nothing is written to a disk, which may be full (docs/decisions/0018-workers-and-their-parent.md).
"""

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Final, NamedTuple

from waypost.runtime.metric_types import Kind, Numbers, Value
from waypost.runtime.states import SINCE

_SUMMED: Final = ("waypost_connections", "waypost_connections_limit", "waypost_cache_entries")
"""Gauges that are added up; of all others, the worst worker counts."""


class Metric(NamedTuple):
    """The current values of a metric, by their labels."""

    name: str
    documentation: str
    kind: Kind
    label_names: Sequence[str]
    values: dict[tuple[str, ...], Value]


Counts = tuple[Metric, ...]
"""The metrics of one worker, or of several."""


class WorkersReport(NamedTuple):
    """The metrics of the workers of a server.

    Attributes:
        running: of each running worker.
        ended: the sums of the workers that have ended, without gauges.
    """

    running: tuple[Counts, ...] = ()
    ended: Counts = ()


def collect_counts(metrics: Iterable[Numbers]) -> Counts:
    """Return the current values of metrics, as they are sent to the parent."""
    return tuple(
        Metric(one.name, one.documentation, one.kind, one.label_names, dict(one.values()))
        for one in metrics
    )


class WorkerCounts:
    """The sums of the metrics of several workers; a gauge shows the worst of the running workers.

    Numbers of connections and of cached answers are added up, too.
    After a worker has ended, its counts stay, up to its last report; its gauges do not.
    """

    def __init__(self) -> None:
        """Create sums without workers."""
        self._lock = Lock()
        self._running: dict[int, Counts] = {}
        self._ended: Counts = ()

    def update(self, worker: int, counts: Counts) -> None:
        """Record the metrics of a worker since its start, by its process id."""
        with self._lock:
            self._running[worker] = counts

    def remove_worker(self, worker: int) -> None:
        """Keep only the sums of a worker that has ended."""
        with self._lock:
            last = self._running.pop(worker, ())
            counters = [metric for metric in last if metric.kind != "gauge"]
            self._ended = _sums([self._ended, counters])

    def report(self) -> WorkersReport:
        """Return the metrics of each running worker, and the sums of those that have ended."""
        with self._lock:
            return WorkersReport(tuple(self._running.values()), self._ended)

    def sums(self) -> Counts:
        """Return the sums of all workers."""
        with self._lock:
            return _sums([self._ended, *self._running.values()])


def _sums(parts: Iterable[Iterable[Metric]]) -> Counts:
    metrics: dict[str, Metric] = {}
    for metric in (metric for part in parts for metric in part):
        earlier = metrics.get(metric.name)
        if earlier is None:
            metrics[metric.name] = Metric(*metric[:-1], dict(metric.values))
            continue
        for labels, value in metric.values.items():
            other = earlier.values.get(labels)
            earlier.values[labels] = value if other is None else _merged(metric, other, value)
    return tuple(metrics.values())


def _merged(metric: Metric, one: Value, other: Value) -> Value:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(a + b for a, b in zip(one, other, strict=True))
    if isinstance(one, tuple) or isinstance(other, tuple):
        return other  # Only a histogram has several numbers, in all workers.
    if metric.kind != "gauge" or metric.name in _SUMMED:
        return one + other
    # A state is the lowest number, and the time of a change is that of the last change.
    return max(one, other) if metric.name.endswith(SINCE) else min(one, other)
