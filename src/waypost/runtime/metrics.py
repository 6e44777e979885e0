"""The metrics of a running Waypost.

Only a process that shows them loads Prometheus' library (`prometheus.py`): it takes 2 MB.
"""

import platform
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from waypost import __version__
from waypost.runtime.latency import LatencyHistogram
from waypost.runtime.metric_types import EventCounter, LockedNumbers, Numbers, ReadGauge
from waypost.runtime.request_metrics import RecordRequest, RequestMetrics
from waypost.runtime.states import States

if TYPE_CHECKING:
    from waypost.runtime.prometheus import Registry

# A TLS handshake waits for this answer, so most of the buckets are small.
_ASK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5)


class Metrics:
    """The counters of one worker.

    Attributes:
        all: the metrics in the order in which they are shown.
    """

    def __init__(self, *, has_readiness: bool = True) -> None:
        """Create all metrics at zero.

        Args:
            has_readiness: whether this process answers mail clients, and so has waypost_ready.
        """
        # Only the event loop counts requests and answers of the cache.
        self._requests = RequestMetrics()
        answers = EventCounter(
            "waypost_cache_answers",
            "Domains asked of the cache: hit (from memory), miss (from the store), stale (the last "
            "good answer, because the store failed), refused (too many requests wait).",
            ["kind"],
        )
        self.cache_hit = answers.incrementer("hit")
        self.cache_miss = answers.incrementer("miss")
        self.cache_stale = answers.incrementer("stale")
        self._cache_refused = answers.incrementer("refused")
        refreshes = LockedNumbers(
            "waypost_cache_refreshes", "Requests to the store that refresh a known domain."
        )
        self.cache_refresh: Callable[[], None] = refreshes.add
        self._cache_entries = ReadGauge(
            "waypost_cache_entries", "Domains in memory: found, not_found.", ["kind"]
        )
        self._limits = _Limits()
        self.connection_closed = self._limits.hit.incrementer("connections")
        self.network_connection_closed = self._limits.hit.incrementer("network_connections")
        self._store_queue_full = self._limits.hit.incrementer("store_queue")
        self.directory_queue_full = self._limits.hit.incrementer("directory_queue")
        self._store = _Store()
        self.record_store_query = self._store.seconds.observer()
        self._providers = _ProvidersFile()
        self._directories = _Directories()
        self._signing = _Signing()
        self.record_signing = self._signing.seconds.observer()
        self._ready = ReadGauge("waypost_ready", "0 while mail clients get no answers, else 1.")
        self._log_lines_dropped = LockedNumbers(
            "waypost_log_lines_dropped",
            "Log lines that were dropped, because they could not be written in time.",
        )
        build = _gauge(
            "build_info", "1, with the version of Waypost and of Python.", "version", "python"
        )
        build.set(1, __version__, platform.python_version())
        self.all: tuple[Numbers, ...] = (
            *([self._ready] if has_readiness else []),
            *(build, self._requests, self._requests.durations),
            *(answers, refreshes, self._cache_entries, *self._store.all, *self._providers.all),
            *(*self._directories.all, *self._signing.all, *self._limits.all),
            self._log_lines_dropped,
        )

    @cached_property
    def registry(self) -> "Registry":
        """The metrics for Prometheus."""
        from waypost.runtime.prometheus import registry_of  # noqa: PLC0415 -- prometheus_client needs 2 MB

        return registry_of(self.all)

    def count_dropped_log_lines(self, count: int) -> None:
        """Count dropped log lines."""
        if count:
            self._log_lines_dropped.add(number=count)

    def request_recorder(self, format_name: str, result: str, client: str) -> RecordRequest:
        """Return the function that counts a request and its duration.

        Args:
            format_name: the format, from a short list.
            result: `ok`, or the code of an error.
            client: a name of `core.clients.log_name_of`.
        """
        return self._requests.recorder(format_name, result, client)

    def record_store_success(self) -> None:
        """Record that the store answers."""
        self._store.states.set(up=True)

    def count_store_failure(self, code: str) -> None:
        """Count a failed request to the store, with the code of its error."""
        self._store.failures.add(code)

    def record_store_unavailable(self) -> None:
        """Record that the store does not answer at all."""
        self._store.states.set(up=False)

    def cache_refused(self) -> None:
        """Count a request to the store that was refused, because too many wait."""
        self._cache_refused()
        self._store_queue_full()

    def watch_readiness(self, is_ready: Callable[[], bool]) -> None:
        """Read from now on whether clients get answers."""
        self._ready.read_from(is_ready)

    def watch_connections(self, count: Callable[[], int], limit: int) -> None:
        """Read from now on how many connections are open, and how many may be."""
        self._limits.connections.read_from(count)
        self._limits.connections_limit.set(limit)

    def watch_cache(self, sizes: Callable[[], tuple[int, int]]) -> None:
        """Read from now on how many domains are in memory: found ones, and others."""
        self._cache_entries.read_from(lambda: sizes()[0], "found")
        self._cache_entries.read_from(lambda: sizes()[1], "not_found")

    def record_certificate(self, provider: str, expires_at: float) -> None:
        """Record when the certificate for the profiles of a provider expires."""
        self._signing.certificates.set(expires_at, provider)

    def count_directory_answer(self, label: str, kind: str) -> None:
        """Count how a user was found."""
        self._directories.answers.add(label, kind)

    def count_directory_failure(self, label: str, code: str) -> None:
        """Count a failed request to a directory, with the code of its error."""
        self._directories.failures.add(label, code)

    def record_directory_state(self, label: str, *, up: bool) -> None:
        """Record whether a directory answers."""
        self._directories.states.set(label, up=up)

    def forget_directory(self, label: str) -> None:
        """Forget the state of a directory that is used no more."""
        self._directories.states.forget(label)

    def directory_timer(self, label: str) -> Callable[[float], None]:
        """Return the function that records how long a query of a directory took, in seconds."""
        return self._directories.seconds.observer(label)

    def record_providers_loaded(self, *, is_reload: bool) -> None:
        """Record that the providers file was read without errors, at the start or again."""
        self._providers.is_ok.set(1)
        self._providers.read_at.set(time.time())
        if is_reload:
            self._providers.reloads.add("ok")

    def record_providers_rejected(self) -> None:
        """Record that the providers file was rejected and the previous version stays in use."""
        self._providers.is_ok.set(0)
        self._providers.reloads.add("failed")


class CertificateMetrics:
    """The additional metrics of the admin listener: requests about certificates."""

    def __init__(self, registry: "Registry") -> None:
        """Add the counters at zero."""
        from prometheus_client import Counter, Histogram  # noqa: PLC0415 -- prometheus_client needs 2 MB

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


class AdminMetrics:
    """The additional metrics of the admin process: what need not be counted by each worker."""

    def __init__(self, registry: "Registry") -> None:
        """Add the gauge."""
        from prometheus_client import Gauge  # noqa: PLC0415 -- prometheus_client needs 2 MB

        self._domains = Gauge(
            "waypost_domains_served",
            "Domains and patterns of the database or the providers file; -1 if not known.",
            registry=registry,
        )
        self._domains.set(-1)

    def record_domains(self, count: int) -> None:
        """Record how many domains and patterns are served."""
        self._domains.set(count)


class _Store:
    """The metrics of the database."""

    def __init__(self) -> None:
        self.failures = LockedNumbers(
            "waypost_store_failures", "Requests to the store that failed.", ["code"]
        )
        self.states = States("waypost_store", "0 while the store does not answer, else 1.")
        self.states.set(up=True)
        self.seconds = LatencyHistogram(
            "waypost_store_query_duration_seconds",
            "How long the database took to answer a query, or to fail.",
        )
        self.all = self.states.up, self.states.since, self.failures, self.seconds


class _ProvidersFile:
    """The metrics of the providers file."""

    def __init__(self) -> None:
        self.reloads = LockedNumbers(
            "waypost_providers_reloads", "Reloads of the providers file.", ["result"]
        )
        self.is_ok = _gauge(
            "providers_reload_ok", "0 if the last reload of the providers file failed, else 1."
        )
        self.is_ok.set(1)
        self.read_at = _gauge(
            "providers_loaded_timestamp_seconds",
            "When the providers file in use was read; 0 without one.",
        )
        self.all = self.reloads, self.is_ok, self.read_at


class _Directories:
    """The metrics of each directory."""

    def __init__(self) -> None:
        self.answers = LockedNumbers(
            "waypost_directory_answers",
            "Users asked of a directory: hit (from memory), miss (from the directory), stale (the "
            "last good answer), general (no answer, so the domain's general answer was used).",
            ["directory", "kind"],
        )
        self.failures = LockedNumbers(
            "waypost_directory_failures",
            "Requests to a directory that failed.",
            ["directory", "code"],
        )
        self.states = States(
            "waypost_directory", "0 while the directory does not answer, else 1.", ["directory"]
        )
        self.seconds = LatencyHistogram(
            "waypost_directory_query_duration_seconds",
            "How long a directory took to answer a query, or to fail.",
            ["directory"],
        )
        states = self.states.up, self.states.since
        self.all = *states, self.answers, self.failures, self.seconds


class _Signing:
    """The metrics of the signatures of profiles."""

    def __init__(self) -> None:
        self.certificates = _gauge(
            "signing_certificate_expiry_timestamp_seconds",
            "When the certificate for profiles, or one of its chain, expires; 0 if there is none. "
            "provider is empty for the certificate of the settings.",
            "provider",
        )
        self.seconds = LatencyHistogram(
            "waypost_signing_duration_seconds", "How long it took to sign a profile."
        )
        self.all = self.certificates, self.seconds


class _Limits:
    """The metrics of connections and of limits."""

    def __init__(self) -> None:
        self.hit = EventCounter(
            "waypost_limits_hit",
            "Limits that were reached: connections (one was closed), network_connections (one of a "
            "client network with too many was closed), store_queue and directory_queue (too many "
            "requests wait).",
            ["limit"],
        )
        self.connections = ReadGauge("waypost_connections", "Open connections of mail clients.")
        self.connections_limit = _gauge("connections_limit", "How many connections may be open.")
        self.all = self.connections, self.connections_limit, self.hit


def _gauge(name: str, documentation: str, *label_names: str) -> LockedNumbers:
    return LockedNumbers(f"waypost_{name}", documentation, label_names, "gauge")
