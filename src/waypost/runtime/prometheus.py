"""The metrics in the form of Prometheus."""

from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry as Registry
from prometheus_client import generate_latest
from prometheus_client import metrics_core as families
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from waypost.runtime.latency import BUCKET_BOUNDS
from waypost.runtime.metric_types import Numbers
from waypost.runtime.worker_counts import Counts, Metric, collect_counts

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_BOUNDS: Final = (*(f"{bound}" for bound in BUCKET_BOUNDS), "+Inf")

__all__ = ["CONTENT_TYPE", "Registry", "exposition", "registry_of", "registry_reading"]


def registry_of(metrics: Iterable[Numbers]) -> Registry:
    """Return a registry that shows the current numbers of a worker."""
    numbers = tuple(metrics)
    return registry_reading(lambda: collect_counts(numbers))


def registry_reading(read: Callable[[], Counts]) -> Registry:
    """Return a registry that shows what a function returns."""
    registry = Registry()
    registry.register(_CountsCollector(read))
    return registry


class _CountsCollector(Collector):
    def __init__(self, read: Callable[[], Counts]) -> None:
        self._read = read

    def collect(self) -> Iterable[families.Metric]:
        """Return the current numbers."""
        return [_family(one) for one in self._read()]


def _family(metric: Metric) -> families.Metric:
    if metric.kind == "histogram":
        return _histogram(metric)
    is_counter = metric.kind == "counter"
    kind = families.CounterMetricFamily if is_counter else families.GaugeMetricFamily
    family = kind(metric.name, metric.documentation, labels=metric.label_names)
    for labels, value in metric.values.items():
        if not isinstance(value, tuple):
            family.add_metric(labels, value)
    return family


def _histogram(metric: Metric) -> families.Metric:
    family = families.HistogramMetricFamily(
        metric.name, metric.documentation, labels=metric.label_names
    )
    for labels, value in metric.values.items():
        if isinstance(value, tuple):
            *counts, total = value
            buckets = zip(_BOUNDS, accumulate(map(float, counts)), strict=True)
            family.add_metric(labels, buckets=[*buckets], sum_value=total)
    return family


def exposition(registry: Registry) -> bytes:
    """Return the metrics of a registry in Prometheus' text format."""
    return generate_latest(registry)
