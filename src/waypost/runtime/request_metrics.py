"""The metrics of requests, counted in some hundred nanoseconds."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from waypost.runtime.latency import BUCKET_BOUNDS
from waypost.runtime.metric_types import Kind

_FIRST: Final = BUCKET_BOUNDS[0]

RecordRequest = Callable[[float], None]
"""Counts a request that took so many seconds."""


class RequestMetrics:
    """Answered requests by format, result and client.

    One thread counts; other threads may read. All labels come from short lists: no text of a
    request is a label.

    Attributes:
        durations: the durations by format.
    """

    name = "waypost_requests"
    documentation = "Answered requests, by format, result (ok, or the code of an error) and client."
    kind: Kind = "counter"
    label_names: Sequence[str] = ("format", "result", "client")

    def __init__(self) -> None:
        """Create it without requests."""
        self._requests: dict[tuple[str, ...], _Requests] = {}
        self.durations = _DurationsByFormat(self._requests)

    def recorder(self, format_name: str, result: str, client: str) -> RecordRequest:
        """Return the function that counts a request of this kind."""
        return self._requests.setdefault((format_name, result, client), _Requests()).record

    def values(self) -> Iterable[tuple[tuple[str, ...], float]]:
        """Return the labels and the number of each kind of request."""
        return [(labels, sum(one.counts)) for labels, one in list(self._requests.items())]


class _DurationsByFormat:
    name = "waypost_request_duration_seconds"
    documentation = "How long an answer took, from the complete request to the answer."
    kind: Kind = "histogram"
    label_names: Sequence[str] = ("format",)

    def __init__(self, requests: "Mapping[tuple[str, ...], _Requests]") -> None:
        self._requests = requests

    def values(self) -> Iterable[tuple[tuple[str, ...], tuple[float, ...]]]:
        """Return each format, and the number in each bucket and the sum."""
        sums: dict[tuple[str, ...], tuple[float, ...]] = {}
        for (format_name, *_), requests in list(self._requests.items()):
            values = *requests.counts, requests.total
            earlier = sums.get((format_name,), (0.0,) * len(values))
            sums[format_name,] = tuple(a + b for a, b in zip(earlier, values, strict=True))
        return [*sums.items()]


class _Requests:
    """The durations of the requests of one kind; their number is that of all buckets."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKET_BOUNDS) + 1)
        self.total = 0.0

    def record(self, seconds: float) -> None:
        # Most answers are in the first bucket, and a call takes as long as all the rest.
        self.counts[0 if seconds <= _FIRST else bisect_left(BUCKET_BOUNDS, seconds)] += 1
        self.total += seconds
