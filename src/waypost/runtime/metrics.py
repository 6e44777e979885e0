"""The metrics of a running Waypost.

Only a process that shows them loads Prometheus' library (`prometheus.py`): it takes 2 MB.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from waypost.runtime.event_counter import EventCounter, LockedNumbers, Numbers

if TYPE_CHECKING:
    from waypost.runtime.prometheus import Registry

# A TLS handshake waits for this answer, so most of the buckets are small.
_ASK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5)


class Metrics:
    """The counters of one worker.

    Attributes:
        all: the metrics in the order in which they are shown.
    """

    def __init__(self) -> None:
        """Create all metrics at zero."""
        # Only the event loop counts these, for each request.
        labels = ["format", "result"]
        self._requests = EventCounter("waypost_requests", "Answered requests.", labels)
        answers = EventCounter(
            "waypost_cache_answers",
            "Domains asked of the cache: hit (from memory), miss (from the store), stale (the last "
            "good answer, because the store failed), refused (too many requests wait).",
            ["kind"],
        )
        self.cache_hit = answers.incrementer("hit")
        self.cache_miss = answers.incrementer("miss")
        self.cache_stale = answers.incrementer("stale")
        self.cache_refused = answers.incrementer("refused")
        refreshes = LockedNumbers(
            "waypost_cache_refreshes", "Requests to the store that refresh a known domain."
        )
        self.cache_refresh: Callable[[], None] = refreshes.add
        self._store_failures = LockedNumbers(
            "waypost_store_failures", "Requests to the store that failed.", ["code"]
        )
        self._store_up = _gauge("store_up", "0 while the store does not answer, else 1.")
        self._store_up.set(1)
        self._reloads = LockedNumbers(
            "waypost_providers_reloads", "Reloads of the providers file.", ["result"]
        )
        self._providers_ok = _gauge(
            "providers_reload_ok", "0 if the last reload of the providers file failed, else 1."
        )
        self._providers_ok.set(1)
        self._providers_read_at = _gauge(
            "providers_loaded_timestamp_seconds",
            "When the providers file in use was read; 0 without one.",
        )
        self._directories = _Directories()
        self._log_lines_dropped = LockedNumbers(
            "waypost_log_lines_dropped",
            "Log lines that were dropped, because they could not be written in time.",
        )
        self.all: tuple[Numbers, ...] = (
            *(self._requests, answers, refreshes, self._store_failures, self._store_up),
            *(self._reloads, self._providers_ok, self._providers_read_at),
            *(self._directories.answers, self._directories.failures, self._directories.up),
            self._log_lines_dropped,
        )

    @cached_property
    def registry(self) -> "Registry":
        """The metrics for Prometheus."""
        from waypost.runtime.prometheus import registry_of  # noqa: PLC0415 -- 2 MB

        return registry_of(self.all)

    def count_dropped_log_lines(self, count: int) -> None:
        """Count dropped log lines."""
        if count:
            self._log_lines_dropped.add(number=count)

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
        self._store_failures.add(code)

    def record_store_unavailable(self) -> None:
        """Record that the store does not answer at all."""
        self._store_up.set(0)

    def count_directory_answer(self, label: str, kind: str) -> None:
        """Count how a user was found."""
        self._directories.answers.add(label, kind)

    def count_directory_failure(self, label: str, code: str) -> None:
        """Count a failed request to a directory, with the code of its error."""
        self._directories.failures.add(label, code)

    def record_directory_state(self, label: str, *, up: bool) -> None:
        """Record whether a directory answers."""
        self._directories.up.set(int(up), label)

    def record_providers_loaded(self, *, is_reload: bool) -> None:
        """Record that the providers file was read without errors, at the start or again."""
        self._providers_ok.set(1)
        self._providers_read_at.set(time.time())
        if is_reload:
            self._reloads.add("ok")

    def record_providers_rejected(self) -> None:
        """Record that the providers file was rejected and the previous version stays in use."""
        self._providers_ok.set(0)
        self._reloads.add("failed")


class CertificateMetrics:
    """The additional metrics of the admin listener: requests about certificates."""

    def __init__(self, registry: "Registry") -> None:
        """Add the counters at zero."""
        from prometheus_client import Counter, Histogram  # noqa: PLC0415 -- 2 MB

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
        self.up = _gauge(
            "directory_up", "0 while the directory does not answer, else 1.", "directory"
        )


def _gauge(name: str, documentation: str, *label_names: str) -> LockedNumbers:
    return LockedNumbers(f"waypost_{name}", documentation, label_names, "gauge")
