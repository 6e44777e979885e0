"""The requests of mail clients in the last days, by client and result, from the workers' metrics.

The counters of the workers only grow, so the admin process reads them every half minute, and keeps
the differences by hour. With a database of domains, it adds them to a table of that database every
few minutes and at its end, so that they outlive a restart, and all machines add up. With a
providers file they are in the memory of the process.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from threading import Lock, Thread
from typing import Final, Protocol

from waypost.runtime.worker_counts import Counts, WorkersReport

SAMPLE_SECONDS: Final = 30.0
SAMPLES_PER_WRITE: Final = 6
END_SECONDS: Final = 3.0
"""How long the end of the process waits for the last write."""
RETRY_SECONDS: Final = 0.05
RETRIES: Final = 20
BATCH: Final = 500
"""How many numbers are written at once."""
HOUR_SECONDS: Final = 3600
HOURS_MAX: Final = 7 * 24
STORED_HOURS_MAX: Final = 8 * 24
METRIC: Final = "waypost_requests"
GOOD: Final = frozenset({"ok", "unchanged", "moved", "redirected"})
"""Results that are not failures of a client, as in the alerts and the dashboard of contrib/."""
Key = tuple[str, str]
"""A client and a result, in the words of the metrics."""
HourKey = tuple[int, str, str]
"""The start of an hour in seconds since 1970, a client and a result."""


class StoredCounts(Protocol):
    """The requests by hour in a database, of all machines."""

    def add(self, counts: Mapping[HourKey, int]) -> bool:
        """Add requests; return whether that was possible."""
        ...

    def read(self, since: int) -> Mapping[HourKey, int]:
        """Return the requests of the hours that begin at a time or later."""
        ...

    def first_hour(self) -> int | None:
        """Return the start of the first hour, or None."""
        ...

    def prune(self, before: int) -> bool:
        """Remove the hours that begin before a time; return whether that was possible."""
        ...


@dataclass(frozen=True, slots=True)
class ClientTraffic:
    """The requests of one client.

    Attributes:
        client: in the words of the access log.
        total: all requests.
        failed: those with a result that is not in `GOOD`.
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
        since: when the numbers begin, in seconds since 1970; later than the period if nothing was
            counted before.
        hours: the requests of each hour, the oldest first: its start, good ones, and others.
        clients: by their requests, the most first.
        results: the requests by result, the most first.
    """

    since: float = 0.0
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


class Traffic:
    """The requests by hour.

    Attributes:
        is_stored: whether the numbers outlive this process.
        sampled: when the workers were last read; None before.
        workers: the metrics of each running worker at that time.
        domains: how many domains there are; None if that is not known.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        stored: StoredCounts | None = None,
        counts_all: bool = True,
    ) -> None:
        """Begin without requests.

        Args:
            clock: returns seconds since 1970.
            stored: where the numbers are kept; None for the memory of this process.
            counts_all: whether the first sample has only requests that nothing has counted yet:
                those since the start of the server.
        """
        self._clock = clock
        self._stored = stored
        self._started = clock()
        self._counts: Counter[HourKey] = Counter()
        self._last: Counter[Key] | None = Counter() if counts_all else None
        self._pruned_hour = 0
        self._lock = Lock()
        # What is written must be counted once: neither before nor after it is both here and there.
        self._write_lock = Lock()
        self.is_stored = stored is not None
        self.sampled: float | None = None
        self.workers: tuple[Counts, ...] = ()
        self.domains: int | None = None

    def record(self, report: WorkersReport) -> None:
        """Add the requests since the sample before."""
        self.sampled, self.workers = self._clock(), report.running
        now = _requests((*report.running, report.ended))
        # The first sample also has the requests that an earlier process has counted.
        last = now if self._last is None else self._last
        hour = _hour(self._clock())
        oldest = hour - HOURS_MAX * HOUR_SECONDS
        with self._lock:
            for (client, result), value in now.items():
                if (more := value - last[client, result]) > 0:
                    self._counts[hour, client, result] += more
            for key in [key for key in self._counts if key[0] <= oldest]:
                del self._counts[key]
        self._last = now

    def write(self) -> bool:
        """Add the numbers to the stored ones; return whether all are written.

        Without a database, nothing is done. What cannot be written is kept for the next time.
        """
        if self._stored is None:
            return True
        hour = _hour(self._clock())
        if self._pruned_hour < hour and self._stored.prune(hour - STORED_HOURS_MAX * HOUR_SECONDS):
            self._pruned_hour = hour
        while True:
            with self._write_lock:
                with self._lock:
                    batch = dict(islice(self._counts.items(), BATCH))
                if not batch:
                    return True
                if not self._stored.add(batch):
                    return False
                with self._lock:
                    self._counts -= Counter(batch)

    def period(self, hours: int) -> Period:
        """Return the requests of the last hours.

        Raises:
            StoreUnavailable, StoreError: the database cannot be read.
        """
        end = _hour(self._clock())
        starts = range(end - (hours - 1) * HOUR_SECONDS, end + 1, HOUR_SECONDS)
        since, counts = self._read(starts[0])
        by_client: Counter[Key] = Counter()
        good: Counter[int] = Counter()
        total: Counter[int] = Counter()
        results: Counter[str] = Counter()
        for (hour, client, result), number in counts.items():
            if hour not in starts:  # A machine whose clock is fast.
                continue
            by_client[client, result] += number
            results[result] += number
            total[hour] += number
            good[hour] += number if result in GOOD else 0
        rows = tuple((hour, good[hour], total[hour] - good[hour]) for hour in starts)
        return Period(since, rows, tuple(_clients(by_client)), tuple(results.most_common()))

    def _read(self, start: int) -> tuple[float, Counter[HourKey]]:
        """Return since when there are numbers, and the numbers from a time on."""
        since = self._started
        found: Counter[HourKey] = Counter()
        with self._write_lock:
            if self._stored is not None:
                first = self._stored.first_hour()
                since = since if first is None else min(since, first)
                found.update(self._stored.read(start))
            with self._lock:
                found.update(self._counts)
        return max(since, start), found


async def watch_traffic(
    traffic: Traffic, read_report: Callable[[], Awaitable[WorkersReport | None]]
) -> None:
    """Read the metrics of the workers again and again. Does not return.

    Args:
        traffic: the requests.
        read_report: returns the metrics of the workers; None if they are not known.
    """
    while True:
        for _ in range(SAMPLES_PER_WRITE):
            if (report := await read_report()) is not None:
                traffic.record(report)
            await asyncio.sleep(SAMPLE_SECONDS)
        await asyncio.to_thread(traffic.write)


async def finish_traffic(
    traffic: Traffic, read_report: Callable[[], Awaitable[WorkersReport | None]]
) -> None:
    """Add the last requests, and write all numbers, within `END_SECONDS`.

    A database that does not answer cannot delay the end: the thread that writes is a daemon.
    """
    loop = asyncio.get_running_loop()
    is_done = asyncio.Event()

    def write() -> None:
        for _ in range(RETRIES):
            if traffic.write():
                break
            time.sleep(RETRY_SECONDS)
        with suppress(RuntimeError):  # The loop has ended.
            loop.call_soon_threadsafe(is_done.set)

    with suppress(TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            if (report := await read_report()) is not None:
                traffic.record(report)
            Thread(target=write, name="last write", daemon=True).start()
            await is_done.wait()


def _hour(seconds: float) -> int:
    return int(seconds) // HOUR_SECONDS * HOUR_SECONDS


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
