"""The rows of the table, from what was measured."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.cases import AHEAD, AUTOMX2, GUNICORN, KOA, ONE_ADDRESS, START, Case
from bench.rounds import NGINX, TWO_WORKERS, WAYPOST, Record, Results
from bench.starts import SECONDS, TITLE
from bench.table import Bound, Row

P99_TITLE: Final = "99 % of the answers within, one address"
P99_TIMES: Final = 2.0
"""The target for Waypost, in multiples of nginx's time."""


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of each program in one case, and why a program has none."""

    case: str
    unit: str
    values: Mapping[str, Sequence[float]]
    failures: Mapping[str, str]

    def ratio(self, one: str, other: str) -> float | None:
        """Return the ratio of two medians, or None if a program has no value."""
        if not (self.values.get(one) and self.values.get(other)):
            return None
        return statistics.median(self.values[one]) / statistics.median(self.values[other])

    def row(
        self,
        program: str,
        ratio: float | None = None,
        meaning: str = "{}",
        bound: Bound | None = None,
    ) -> Row:
        """Return the row of a program."""
        failed = self.failures.get(program, "")
        values = () if failed else self.values.get(program, ())
        return Row(self.case, program, values, self.unit, ratio, meaning, bound, failed)

    def peers(self) -> Iterator[str]:
        """Yield the peers with values or failures, always in the same order."""
        for name in (AUTOMX2, GUNICORN, KOA):
            if name in self.values or name in self.failures:
                yield name


def rows(cases: Sequence[Case], results: Results) -> Iterator[Row]:
    """Yield the rows of all cases."""
    for case in cases:
        match case.compared:
            case "nginx":
                yield from _rates(case, results)
            case "workers":
                yield from _workers(case, results)
            case "memory":
                yield from _memory(case, results)
    if ONE_ADDRESS in cases:
        yield from _latency(results)


def start_rows(seconds: Mapping[str, Sequence[float]], results: Results) -> Iterator[Row]:
    """Yield the rows of the starts."""
    failures = {name: why for (case, name), why in results.failures.items() if case == START}
    found = _Values(TITLE, "s", seconds, failures)
    yield found.row(WAYPOST, bound=Bound(SECONDS, most=True, times=False))
    yield from _less_is_better(found)


def _rates(case: Case, results: Results) -> Iterator[Row]:
    found = _values(case.key, case.title, "requests/s", results, lambda one: one.load.rate)
    bound = None if case.target is None else Bound(case.target)
    yield found.row(WAYPOST, found.ratio(WAYPOST, NGINX), "{} of nginx", bound)
    yield found.row(NGINX)
    for name in found.peers():
        least = case.peer_targets.get(name, AHEAD)
        ratio = found.ratio(WAYPOST, name)
        yield found.row(name, ratio, "Waypost has {} times", Bound(least))


def _latency(results: Results) -> Iterator[Row]:
    found = _values(ONE_ADDRESS.key, P99_TITLE, "ms", results, lambda one: one.load.p99_ms)
    ratio = found.ratio(WAYPOST, NGINX)
    yield found.row(WAYPOST, ratio, "{} times nginx", Bound(P99_TIMES, most=True))
    yield found.row(NGINX)
    yield from _less_is_better(found)


def _workers(case: Case, results: Results) -> Iterator[Row]:
    found = _values(case.key, case.title, "requests/s", results, lambda one: one.load.rate)
    bound = None if case.target is None else Bound(case.target)
    yield found.row(WAYPOST)
    ratio = found.ratio(TWO_WORKERS, WAYPOST)
    yield found.row(TWO_WORKERS, ratio, "{} times one worker", bound)


def _memory(case: Case, results: Results) -> Iterator[Row]:
    found = _values(case.key, case.title, "MB RSS", results, lambda one: one.memory.rss)
    shared = _values(case.key, case.title, "MB PSS", results, lambda one: one.memory.pss)
    bound = None if case.target is None else Bound(case.target, most=True, times=False)
    yield found.row(WAYPOST, bound=bound)
    yield shared.row(WAYPOST)
    yield from _less_is_better(found)


def _less_is_better(found: _Values) -> Iterator[Row]:
    for name in found.peers():
        ratio = found.ratio(name, WAYPOST)
        yield found.row(name, ratio, "{} times Waypost", Bound(AHEAD))


def _values(
    key: str, title: str, unit: str, results: Results, value: Callable[[Record], float]
) -> _Values:
    values = {
        name: [value(one) for one in records]
        for (case, name), records in results.records.items()
        if case == key
    }
    failures = {name: why for (case, name), why in results.failures.items() if case == key}
    return _Values(title, unit, values, failures)
