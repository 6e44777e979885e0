"""The rows of the table, from what was measured."""

from collections.abc import Mapping, Sequence

from bench.cases import CASES, GUNICORN, KOA, ONE_ADDRESS, START, Case
from bench.machine import Memory
from bench.report import P99_TITLE, rows, start_rows
from bench.rounds import NGINX, TWO_WORKERS, WAYPOST, Record, Results
from bench.wrk import Load


def case(key: str) -> Case:
    """Return the case with a key."""
    (found,) = (one for one in CASES if one.key == key)
    return found


def record(rate: float = 100.0, p99_ms: float = 1.0, rss: float = 50.0) -> Record:
    """Return what a load of one second measured."""
    load = Load(int(rate), 1, 1.0, refused=0, failed=0, p99_ms=p99_ms)
    return Record(load, Memory(rss, rss / 2))


def verdicts(one: Case, records: Mapping[str, Sequence[Record]]) -> list[tuple[str, str, object]]:
    """Return the program, the ratio and the verdict of each row of a case."""
    results = Results({(one.key, name): list(found) for name, found in records.items()})
    return [
        (row.program, row.meaning.format(row.ratio), row.is_reached)
        for row in rows([one], results)
        if row.case == one.title
    ]


def test_rates() -> None:
    """Waypost is compared with nginx and with each peer, by the medians."""
    records = {
        WAYPOST: [record(70), record(80), record(600)],
        NGINX: [record(100)],
        KOA: [record(160)],
        GUNICORN: [record(8)],
    }
    assert verdicts(ONE_ADDRESS, records) == [
        (WAYPOST, "0.8 of nginx", True),
        (NGINX, "None", None),
        (GUNICORN, "Waypost has 10.0 times", True),
        (KOA, "Waypost has 0.5 times", False),
    ]


def test_the_target_of_a_peer() -> None:
    """Without a cache, Waypost must have five times the rate of automx2 under gunicorn."""
    records = {WAYPOST: [record(40)], NGINX: [record(100)], GUNICORN: [record(10)]}
    assert verdicts(case("cold"), records) == [
        (WAYPOST, "0.4 of nginx", None),
        (NGINX, "None", None),
        (GUNICORN, "Waypost has 4.0 times", False),
    ]


def test_workers() -> None:
    """Two workers are compared with one."""
    records = {WAYPOST: [record(100)], TWO_WORKERS: [record(180)]}
    assert verdicts(case("workers"), records) == [
        (WAYPOST, "None", None),
        (TWO_WORKERS, "1.8 times one worker", True),
    ]


def test_memory() -> None:
    """The resident memory has a target in MB, and less is better."""
    records = {WAYPOST: [record(rss=60)], KOA: [record(rss=90)]}
    assert verdicts(case("memory"), records) == [
        (WAYPOST, "None", False),
        (WAYPOST, "None", None),
        (KOA, "1.5 times Waypost", True),
    ]


def test_latency() -> None:
    """The time of 99 % of the answers has its own rows, and less is better."""
    names = {WAYPOST: 3.0, NGINX: 1.0, KOA: 6.0}
    results = Results(
        {(ONE_ADDRESS.key, name): [record(p99_ms=value)] for name, value in names.items()}
    )
    found = [row for row in rows(CASES, results) if row.case == P99_TITLE]
    assert [(row.program, row.ratio, row.is_reached) for row in found] == [
        (WAYPOST, 3.0, False),
        (NGINX, None, None),
        (KOA, 2.0, True),
    ]


def test_a_program_that_failed() -> None:
    """A program that failed in one round has no values, and so no verdict."""
    key = (ONE_ADDRESS.key, WAYPOST)
    results = Results({key: [record()], (ONE_ADDRESS.key, NGINX): [record()]}, {key: "wrong"})
    first = next(rows([ONE_ADDRESS], results))
    assert (first.values, first.failed, first.is_reached) == ((), "wrong", None)


def test_starts() -> None:
    """The time to the first answer has a target in seconds."""
    results = Results(failures={(START, GUNICORN): "no answer"})
    found = list(start_rows({WAYPOST: [0.5, 0.7, 0.6], KOA: [0.3]}, results))
    assert [(row.program, row.ratio, row.is_reached, row.failed) for row in found] == [
        (WAYPOST, None, True, ""),
        (GUNICORN, None, None, "no answer"),
        (KOA, 0.5, False, ""),
    ]
