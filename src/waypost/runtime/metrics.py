"""The metrics of a running Waypost, for Prometheus.

Several workers send their metrics to their parent, which adds them up. Nothing is written to a
disk, which may be full (docs/decisions/0018-workers-and-their-parent.md).
"""

import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry as Registry
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from waypost.runtime.event_counter import EventCounter

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
# A TLS handshake waits for this answer, so most of the buckets are small.
_ASK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5)

Counts = tuple[Metric, ...]
"""The metrics of one worker."""

__all__ = [
    "CertificateMetrics",
    "Counts",
    "Metrics",
    "Registry",
    "WorkerCounts",
    "collect_counts",
    "exposition",
]


class Metrics:
    """The counters of one worker."""

    def __init__(self) -> None:
        """Create a registry with all metrics at zero."""
        self.registry = Registry()
        # Only the event loop counts these, for each request.
        labels = ["format", "result"]
        self._requests = EventCounter("waypost_requests", "Answered requests.", labels)
        answers = EventCounter(
            "waypost_cache_answers",
            "Domains asked of the cache: hit (from memory), miss (from the store), stale (the last "
            "good answer, because the store failed), refused (too many requests wait).",
            ["kind"],
        )
        for counter in (self._requests, answers):
            self.registry.register(counter)
        self.cache_hit = answers.incrementer("hit")
        self.cache_miss = answers.incrementer("miss")
        self.cache_stale = answers.incrementer("stale")
        self.cache_refused = answers.incrementer("refused")
        self.cache_refresh = Counter(
            "waypost_cache_refreshes",
            "Requests to the store that refresh a known domain.",
            registry=self.registry,
        ).inc
        self._store_failures = Counter(
            "waypost_store_failures",
            "Requests to the store that failed.",
            ["code"],
            registry=self.registry,
        )
        self._store_up = self._gauge("store_up", "0 while the store does not answer, else 1.")
        self._store_up.set(1)
        self._reloads = Counter(
            "waypost_providers_reloads",
            "Reloads of the providers file.",
            ["result"],
            registry=self.registry,
        )
        self._providers_ok = self._gauge(
            "providers_reload_ok", "0 if the last reload of the providers file failed, else 1."
        )
        self._providers_ok.set(1)
        self._providers_read_at = self._gauge(
            "providers_loaded_timestamp_seconds",
            "When the providers file in use was read; 0 without one.",
        )
        self._directories = _Directories(self.registry)
        self._log_lines_dropped = Counter(
            "waypost_log_lines_dropped",
            "Log lines that were dropped, because they could not be written in time.",
            registry=self.registry,
        )

    def count_dropped_log_lines(self, count: int) -> None:
        """Count dropped log lines."""
        if count:
            self._log_lines_dropped.inc(count)

    def request_counter(self, format_name: str, result: str) -> Callable[[], None]:
        """Return a function that counts one more of these requests."""
        return self._requests.incrementer(format_name, result)

    def count_request(self, format_name: str, result: str) -> None:
        """Count an answered request; both texts come from a short list."""
        self._requests.incrementer(format_name, result)()

    def record_store_success(self) -> None:
        """Record that the store answers."""
        self._store_up.set(1)

    def count_store_failure(self, code: str) -> None:
        """Count a failed request to the store, with the code of its error."""
        self._store_failures.labels(code).inc()

    def record_store_unavailable(self) -> None:
        """Record that the store does not answer at all."""
        self._store_up.set(0)

    def count_directory_answer(self, label: str, kind: str) -> None:
        """Count how a user was found."""
        self._directories.answers.labels(label, kind).inc()

    def count_directory_failure(self, label: str, code: str) -> None:
        """Count a failed request to a directory, with the code of its error."""
        self._directories.failures.labels(label, code).inc()

    def record_directory_state(self, label: str, *, up: bool) -> None:
        """Record whether a directory answers."""
        self._directories.up.labels(label).set(int(up))

    def record_providers_loaded(self, *, is_reload: bool) -> None:
        """Record that the providers file was read without errors, at the start or again."""
        self._providers_ok.set(1)
        self._providers_read_at.set(time.time())
        if is_reload:
            self._reloads.labels("ok").inc()

    def record_providers_rejected(self) -> None:
        """Record that the providers file was rejected and the previous version stays in use."""
        self._providers_ok.set(0)
        self._reloads.labels("failed").inc()

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"waypost_{name}", documentation, registry=self.registry)


class CertificateMetrics:
    """The additional metrics of the admin listener: requests about certificates."""

    def __init__(self, registry: Registry) -> None:
        """Add the counters at zero."""
        self._requests = Counter(
            "waypost_tls_asks",
            "Requests whether there may be a certificate: yes, no, bad_request, unavailable.",
            ["result"],
            registry=registry,
        )
        self._seconds = Histogram(
            "waypost_tls_ask_duration_seconds",
            "How long a TLS handshake waited for such an answer.",
            buckets=_ASK_SECONDS,
            registry=registry,
        )

    def record_request(self, result: str, seconds: float) -> None:
        """Count a request, by a result from a short list."""
        self._requests.labels(result).inc()
        self._seconds.observe(seconds)


class _Directories:
    """The metrics of each directory."""

    def __init__(self, registry: Registry) -> None:
        self.answers = Counter(
            "waypost_directory_answers",
            "Users asked of a directory: hit (from memory), miss (from the directory), stale (the "
            "last good answer), general (no answer, so the domain's general answer was used).",
            ["directory", "kind"],
            registry=registry,
        )
        self.failures = Counter(
            "waypost_directory_failures",
            "Requests to a directory that failed.",
            ["directory", "code"],
            registry=registry,
        )
        self.up = Gauge(
            "waypost_directory_up",
            "0 while the directory does not answer, else 1.",
            ["directory"],
            registry=registry,
        )


def exposition(registry: Registry) -> bytes:
    """Return the metrics of a registry in Prometheus' text format."""
    return generate_latest(registry)


def collect_counts(metrics: Metrics) -> Counts:
    """Return the current metrics of a worker, as they are sent to the parent."""
    return tuple(metrics.registry.collect())


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
