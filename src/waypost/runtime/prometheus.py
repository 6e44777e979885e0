"""The metrics in the form of Prometheus.

Several workers send their metrics to their parent, which adds them up. Nothing is written to a
disk, which may be full (docs/decisions/0018-workers-and-their-parent.md).
"""

from collections.abc import Iterable
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry as Registry
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from waypost.runtime.event_counter import Numbers

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

Counts = tuple[Metric, ...]
"""The metrics of one worker."""

__all__ = [
    "CONTENT_TYPE",
    "Counts",
    "Registry",
    "WorkerCounts",
    "collect_counts",
    "exposition",
    "registry_of",
]


def registry_of(metrics: Iterable[Numbers]) -> Registry:
    """Return a registry that shows the current numbers of a worker."""
    registry = Registry()
    registry.register(_NumbersCollector(metrics))
    return registry


class _NumbersCollector(Collector):
    def __init__(self, metrics: Iterable[Numbers]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        """Return the current numbers."""
        return [_family(one) for one in self._metrics]


def _family(numbers: Numbers) -> Metric:
    kind = CounterMetricFamily if numbers.kind == "counter" else GaugeMetricFamily
    family = kind(numbers.name, numbers.documentation, labels=numbers.label_names)
    for labels, value in numbers.values():
        family.add_metric(labels, value)
    return family


def exposition(registry: Registry) -> bytes:
    """Return the metrics of a registry in Prometheus' text format."""
    return generate_latest(registry)


def collect_counts(registry: Registry) -> Counts:
    """Return the current metrics of a worker, as they are sent to the parent."""
    return tuple(registry.collect())


class WorkerCounts(Collector):
    """The sums of the metrics of several workers; a gauge shows the worst of the running workers.

    After a worker has ended, its counts stay, up to its last report; its gauges do not.

    Attributes:
        registry: the metrics for Prometheus.
    """

    def __init__(self) -> None:
        """Create sums without workers."""
        self.registry = Registry()
        self._lock = Lock()
        self._running: dict[int, Counts] = {}
        self._ended: Counts = ()
        self.registry.register(self)

    def update(self, worker: int, counts: Counts) -> None:
        """Record the metrics of a worker since its start, by its process id."""
        with self._lock:
            self._running[worker] = counts

    def remove_worker(self, worker: int) -> None:
        """Keep only the sums of a worker that has ended."""
        with self._lock:
            last = self._running.pop(worker, ())
            counters = [metric for metric in last if metric.type != "gauge"]
            self._ended = _sum([self._ended, counters])

    def collect(self) -> Iterable[Metric]:
        """Return the sums of all workers."""
        with self._lock:
            return _sum([self._ended, *self._running.values()])


def _sum(parts: Iterable[Iterable[Metric]]) -> Counts:
    metrics_by_name: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for metric in (metric for part in parts for metric in part):
        metrics_by_name.setdefault(metric.name, metric)
        sums = values.setdefault(metric.name, {})
        for sample in metric.samples:
            if sample.name.endswith("_created"):  # It has no meaning in a sum.
                continue
            key = (sample.name, tuple(sample.labels.items()))
            if key not in sums:
                sums[key] = sample.value
            elif metric.type == "gauge":
                sums[key] = min(sums[key], sample.value)
            else:
                sums[key] += sample.value
    return tuple(_metric(metrics_by_name[name], sums) for name, sums in values.items())


def _metric(kind: Metric, values: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> Metric:
    metric = Metric(kind.name, kind.documentation, kind.type)
    for (name, labels), value in values.items():
        metric.add_sample(name, dict(labels), value)
    return metric
