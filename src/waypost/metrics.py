"""What a running Waypost counts, for Prometheus.

Several workers send what they have counted to their parent, which adds it up. Nothing is written
to a disk, which may be full (docs/decisions/0018-workers-and-their-parent.md).
"""

import time
from collections.abc import Iterable
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry as Registry
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
# A handshake waits for this answer, so most of the buckets are small.
_ASK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5)

Counts = tuple[Metric, ...]
"""What one worker has counted."""

__all__ = [
    "CertificateMetrics",
    "Counts",
    "Metrics",
    "Registry",
    "WorkerCounts",
    "counts_of",
    "exposition",
]


class Metrics:
    """The counters of one worker."""

    def __init__(self) -> None:
        """Make a registry with everything in it at zero."""
        self.registry = Registry()
        self._requests = Counter(
            "waypost_requests", "Answered requests.", ["format", "result"], registry=self.registry
        )
        answers = Counter(
            "waypost_cache_answers",
            "Domains asked of the cache: hit (from memory), miss (from the store), stale (the last "
            "good answer, because the store did not give one), refused (too many questions wait).",
            ["kind"],
            registry=self.registry,
        )
        self.cache_hit = answers.labels("hit").inc
        self.cache_miss = answers.labels("miss").inc
        self.cache_stale = answers.labels("stale").inc
        self.cache_refused = answers.labels("refused").inc
        self.cache_refresh = Counter(
            "waypost_cache_refreshes",
            "Questions to the store about a domain that is known.",
            registry=self.registry,
        ).inc
        self._store_failures = Counter(
            "waypost_store_failures",
            "Questions that the store did not answer.",
            ["code"],
            registry=self.registry,
        )
        self._store_up = self._gauge("store_up", "0 while the store does not answer, else 1.")
        self._store_up.set(1)
        self._reloads = Counter(
            "waypost_providers_reloads",
            "Readings of the providers file while serving.",
            ["result"],
            registry=self.registry,
        )
        self._providers_ok = self._gauge(
            "providers_reload_ok", "0 where the providers file was broken the last time, else 1."
        )
        self._providers_ok.set(1)
        self._providers_read_at = self._gauge(
            "providers_loaded_timestamp_seconds",
            "When the providers file in force was read; 0 without one.",
        )
        self._directories = _Directories(self.registry)
        self._log_lines_dropped = Counter(
            "waypost_log_lines_dropped",
            "Lines of the log that were dropped, because it could not be written in time.",
            registry=self.registry,
        )

    def log_lines_dropped(self, count: int) -> None:
        """Count lines of the log that were dropped."""
        if count:
            self._log_lines_dropped.inc(count)

    def request(self, format_name: str, result: str) -> None:
        """Count an answered request; both texts come from a short list."""
        self._requests.labels(format_name, result).inc()

    def store_answered(self) -> None:
        """Note that the store answers."""
        self._store_up.set(1)

    def store_failed(self, code: str) -> None:
        """Count a question without an answer, with the code of its error."""
        self._store_failures.labels(code).inc()

    def store_away(self) -> None:
        """Note that the store does not answer at all."""
        self._store_up.set(0)

    def directory_answer(self, label: str, kind: str) -> None:
        """Count how a user was found."""
        self._directories.answers.labels(label, kind).inc()

    def directory_failed(self, label: str, code: str) -> None:
        """Count a question to a directory without an answer, with the code of its error."""
        self._directories.failures.labels(label, code).inc()

    def directory_state(self, label: str, *, up: bool) -> None:
        """Note whether a directory answers."""
        self._directories.up.labels(label).set(int(up))

    def providers_read(self, *, again: bool) -> None:
        """Note that the providers file was read well, at the start or again."""
        self._providers_ok.set(1)
        self._providers_read_at.set(time.time())
        if again:
            self._reloads.labels("ok").inc()

    def providers_failed(self) -> None:
        """Note that the providers file could not be read, so that the old answers go on."""
        self._providers_ok.set(0)
        self._reloads.labels("failed").inc()

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"waypost_{name}", about, registry=self.registry)


class CertificateMetrics:
    """What the operators' listener counts beside: questions about certificates."""

    def __init__(self, registry: Registry) -> None:
        """Add the counters at zero."""
        self._asks = Counter(
            "waypost_tls_asks",
            "Questions whether there may be a certificate: yes, no, bad_request, unavailable.",
            ["result"],
            registry=registry,
        )
        self._seconds = Histogram(
            "waypost_tls_ask_duration_seconds",
            "How long a handshake waited for such an answer.",
            buckets=_ASK_SECONDS,
            registry=registry,
        )

    def asked(self, result: str, seconds: float) -> None:
        """Count a question, by a result from a short list."""
        self._asks.labels(result).inc()
        self._seconds.observe(seconds)


class _Directories:
    """What is counted of each directory."""

    def __init__(self, registry: Registry) -> None:
        self.answers = Counter(
            "waypost_directory_answers",
            "Users asked of a directory: hit (from memory), miss (from the directory), stale (the "
            "last good answer), general (none, so the domain's own answer was given).",
            ["directory", "kind"],
            registry=registry,
        )
        self.failures = Counter(
            "waypost_directory_failures",
            "Questions that a directory did not answer.",
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
    """Write what a registry holds in Prometheus' text format."""
    return generate_latest(registry)


def counts_of(metrics: Metrics) -> Counts:
    """Return what a worker has counted until now, as it is sent to the parent."""
    return tuple(metrics.registry.collect())


class WorkerCounts(Collector):
    """Adds up what several workers have counted; a gauge is as bad as the worst worker alive.

    What a worker has counted stays when it ends, up to its last report; its gauges do not.

    Attributes:
        registry: what Prometheus is shown.
    """

    def __init__(self) -> None:
        """Begin with no worker."""
        self.registry = Registry()
        self._lock = Lock()
        self._of_living: dict[int, Counts] = {}
        self._of_ended: Counts = ()
        self.registry.register(self)

    def note(self, worker: int, counts: Counts) -> None:
        """Take what a worker has counted since its start, by its process id."""
        with self._lock:
            self._of_living[worker] = counts

    def forget(self, worker: int) -> None:
        """Keep only the sums of a worker that has ended."""
        with self._lock:
            last = self._of_living.pop(worker, ())
            counters = [one for one in last if one.type != "gauge"]
            self._of_ended = _added_up([self._of_ended, counters])

    def collect(self) -> Iterable[Metric]:
        """Return the sums of all workers."""
        with self._lock:
            return _added_up([self._of_ended, *self._of_living.values()])


def _added_up(parts: Iterable[Iterable[Metric]]) -> Counts:
    kinds: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for metric in (metric for part in parts for metric in part):
        kinds.setdefault(metric.name, metric)
        known = values.setdefault(metric.name, {})
        for sample in metric.samples:
            if sample.name.endswith("_created"):  # It says nothing of a sum.
                continue
            key = (sample.name, tuple(sample.labels.items()))
            if key not in known:
                known[key] = sample.value
            elif metric.type == "gauge":
                known[key] = min(known[key], sample.value)
            else:
                known[key] += sample.value
    return tuple(_metric(kinds[name], known) for name, known in values.items())


def _metric(kind: Metric, values: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> Metric:
    metric = Metric(kind.name, kind.documentation, kind.type)
    for (name, labels), value in values.items():
        metric.add_sample(name, dict(labels), value)
    return metric
