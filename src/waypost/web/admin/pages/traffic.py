"""The requests of mail clients in the last days, by client and result, from the workers' metrics.

The counters of the workers only grow, so the admin process reads them every half minute, and keeps
the differences by hour, at most `HOURS_MAX` of them, in its memory. After a worker has ended, the
requests since its last sample are missing.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from waypost.runtime.worker_counts import Counts

SAMPLE_SECONDS: Final = 30.0
HOUR_SECONDS: Final = 3600
HOURS_MAX: Final = 7 * 24
METRIC: Final = "waypost_requests"
GOOD: Final = frozenset({"ok", "moved", "not_modified"})
"""Results that are not failures of a client."""
Key = tuple[str, str]
"""A client and a result, in the words of the metrics."""


@dataclass(frozen=True, slots=True)
class ClientTraffic:
    """The requests of one client.

    Attributes:
        client: in the words of the access log.
        total: all requests.
        failed: those with another result than `ok`.
        results: the requests by result.
    """

    client: str
    total: int
    failed: int
    results: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Period:
    """The requests of a period.

    Attributes:
        hours: the requests of each hour, the oldest first: its start, good ones, and others.
        clients: by their requests, the most first.
        results: the requests by result, the most first.
    """

    hours: tuple[tuple[int, int, int], ...] = ()
    clients: tuple[ClientTraffic, ...] = ()
    results: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> int:
        """All requests."""
        return sum(number for _, number in self.results)

    @property
    def failed(self) -> int:
        """The requests with another result than `ok`."""
        return sum(one.failed for one in self.clients)

    @property
    def failing(self) -> tuple[ClientTraffic, ...]:
        """The clients that fail most."""
        found = [one for one in self.clients if one.failed]
        return tuple(sorted(found, key=lambda one: -one.failed)[:5])


@dataclass(slots=True)
class _Hour:
    start: int
    counts: Counter[Key] = field(default_factory=Counter)


class Traffic:
    """The requests by hour.

    Attributes:
        since: when this process began to count, in seconds since 1970.
        sampled: when the workers were last read; None before.
        workers: the metrics of each running worker at that time.
        domains: how many domains there are; None if that is not known.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Begin without requests.

        Args:
            clock: returns seconds since 1970.
        """
        self._clock = clock
        self._hours: deque[_Hour] = deque(maxlen=HOURS_MAX)
        self._last: Counter[Key] | None = None
        self.since = clock()
        self.sampled: float | None = None
        self.workers: tuple[Counts, ...] = ()
        self.domains: int | None = None

    def record(self, workers: Sequence[Counts]) -> None:
        """Add the requests since the sample before.

        Args:
            workers: the metrics of each running worker.
        """
        self.sampled, self.workers = self._clock(), tuple(workers)
        now = _requests(workers)
        # The first sample also has the requests before the start of this process.
        last = now if self._last is None else self._last
        start = int(self._clock()) // HOUR_SECONDS * HOUR_SECONDS
        if not self._hours or self._hours[-1].start < start:
            self._hours.append(_Hour(start))
        for key, value in now.items():
            if (more := value - last[key]) > 0:
                self._hours[-1].counts[key] += more
        self._last = now

    def period(self, hours: int) -> Period:
        """Return the requests of the last hours."""
        end = int(self._clock()) // HOUR_SECONDS * HOUR_SECONDS
        starts = range(end - (hours - 1) * HOUR_SECONDS, end + 1, HOUR_SECONDS)
        known = {hour.start: hour.counts for hour in list(self._hours)}
        counts: Counter[Key] = Counter()
        rows = []
        for start in starts:
            of_hour = known.get(start, Counter())
            counts.update(of_hour)
            good = sum(number for (_, result), number in of_hour.items() if result in GOOD)
            rows.append((start, good, sum(of_hour.values()) - good))
        results: Counter[str] = Counter()
        for (_, result), number in counts.items():
            results[result] += number
        return Period(tuple(rows), tuple(_clients(counts)), tuple(results.most_common()))


async def watch_traffic(
    traffic: Traffic, read_workers: Callable[[], Awaitable[tuple[Counts, ...]]]
) -> None:
    """Read the metrics of the workers again and again. Does not return."""
    while True:
        traffic.record(await read_workers())
        await asyncio.sleep(SAMPLE_SECONDS)


def _clients(counts: Counter[Key]) -> Iterable[ClientTraffic]:
    by_client: dict[str, Counter[str]] = {}
    for (client, result), number in counts.items():
        by_client.setdefault(client, Counter())[result] += number
    for client, results in sorted(by_client.items(), key=lambda item: -item[1].total()):
        failed = sum(number for result, number in results.items() if result not in GOOD)
        yield ClientTraffic(client, results.total(), failed, tuple(results.most_common()))


def _requests(workers: Iterable[Counts]) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for worker in workers:
        for metric in worker:
            if metric.name != METRIC:
                continue
            names = list(metric.label_names)
            client, result, kind = (names.index(one) for one in ("client", "result", "format"))
            for labels, value in metric.values.items():
                if not isinstance(value, tuple) and labels[kind] != "health":
                    found[labels[client], labels[result]] += int(value)
    return found
