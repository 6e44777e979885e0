"""What a running Waypost counts, for Prometheus.

Several workers write into files of one folder (`MULTIPROCESS_VARIABLE`), which the parent adds
up. The library reads that variable when it is imported, so it must be set before a worker starts.
"""

import time
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry as Registry
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

MULTIPROCESS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
# A handshake waits for this answer, so most of the buckets are small.
_ASK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5)

__all__ = [
    "CertificateMetrics",
    "Metrics",
    "Registry",
    "exposition",
    "forget_worker",
    "shared_registry",
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
        """Make a gauge that is as good as the worst worker that lives."""
        return Gauge(f"waypost_{name}", about, multiprocess_mode="livemin", registry=self.registry)


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
            multiprocess_mode="livemin",
            registry=registry,
        )


def exposition(registry: Registry) -> bytes:
    """Write what a registry holds in Prometheus' text format."""
    return generate_latest(registry)


def shared_registry(folder: Path) -> Registry:
    """Give a registry that adds up what the workers wrote into a folder."""
    registry = Registry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def forget_worker(folder: Path, pid: int) -> None:
    """Let the state of a worker that has ended count no longer; what it counted stays."""
    mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
