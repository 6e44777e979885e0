"""The report about the state of all parts."""

from datetime import UTC, datetime

import pytest

from waypost.runtime.metrics import Metrics
from waypost.runtime.states import States
from waypost.runtime.worker_counts import Counts, collect_counts
from waypost.web.admin.readiness import readiness

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = 86_400


def worker(
    *, ready: bool = True, store: tuple[bool, float] = (True, 1.0), has_database: bool = True
) -> tuple[Metrics, Counts]:
    """Return the metrics of a worker, with a state of its database since a time."""
    metrics = Metrics()
    metrics.watch_readiness(lambda: ready)
    if has_database:
        metrics.watch_cache(lambda: (3, 4))
    states = States("waypost_store", "", clock=lambda: store[1])
    states.set(up=store[0])
    counts = [
        one for one in collect_counts(metrics.all) if not one.name.startswith("waypost_store_")
    ]
    return metrics, (*counts, *collect_counts((states.up, states.since)))


def test_no_worker() -> None:
    """Without a running worker no client is answered."""
    report = readiness([], NOW)
    assert (report.status, report.reasons) == ("unavailable", ["no worker answers"])


def test_all_is_well() -> None:
    """Without a problem there is no reason, and what is not used is named so."""
    report = readiness([worker(has_database=False)[1]], NOW)
    assert (report.status, report.reasons) == ("ready", [])
    assert (report.database.state, report.providers_file.state) == ("not used", "not used")
    assert not report.directories
    assert not report.certificates


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        # The state of each worker and its time; the state in the report and its time.
        ([(True, 100), (True, 300)], ("up", 300)),
        ([(True, 100), (False, 300)], ("down", 300)),
        ([(False, 300), (True, 100)], ("down", 300)),
        ([(False, 200), (False, 300)], ("down", 200)),
    ],
)
def test_database(states: list[tuple[bool, float]], expected: tuple[str, float]) -> None:
    """The database is down since the first worker saw it, and up since the last one did."""
    report = readiness([worker(store=state)[1] for state in states], NOW)
    database = report.database
    assert database.since is not None
    assert (database.state, database.since.timestamp()) == expected
    assert database.domains_in_memory == 3
    assert report.status == ("ready" if expected[0] == "up" else "degraded")


def test_one_worker_without_answers() -> None:
    """One worker that cannot answer hurts its clients."""
    report = readiness([worker()[1], worker(ready=False)[1]], NOW)
    assert report.status == "unavailable"
    assert report.reasons == ["1 of 2 workers cannot answer"]


def test_directory() -> None:
    """A directory that is down degrades only its own users."""
    metrics, _ = worker()
    metrics.record_directory_state("staff", up=False)
    metrics.record_directory_state("pupils", up=True)
    report = readiness([collect_counts(metrics.all)], NOW)
    assert [(one.name, one.state) for one in report.directories] == [
        ("pupils", "up"),
        ("staff", "down"),
    ]
    assert report.status == "degraded"
    assert report.reasons == ["directory staff does not answer; its users get general answers"]


@pytest.mark.parametrize(
    ("seconds", "state", "days"),
    [
        (NOW.timestamp() + 14 * DAY, "valid", 14),
        (NOW.timestamp() + 14 * DAY - 1, "expires soon", 13),
        (NOW.timestamp() - 1, "expired", -1),
        (0.0, "missing", None),
    ],
)
def test_certificates(seconds: float, state: str, days: int | None) -> None:
    """A certificate has its days left, and the earliest of all workers counts."""
    one, other = worker()[0], worker()[0]
    one.record_certificate("", seconds)
    other.record_certificate("", NOW.timestamp() + 90 * DAY)
    report = readiness([collect_counts(one.all), collect_counts(other.all)], NOW)
    (certificate,) = report.certificates
    assert (certificate.provider, certificate.state) == (None, state)
    assert certificate.days_left == days
    assert report.status == ("ready" if state == "valid" else "degraded")


def test_providers_file() -> None:
    """A rejected providers file leaves the previous version in use."""
    metrics, _ = worker(has_database=False)
    metrics.record_providers_loaded(is_reload=False)
    assert readiness([collect_counts(metrics.all)], NOW).providers_file.state == "loaded"
    metrics.record_providers_rejected()
    report = readiness([collect_counts(metrics.all)], NOW)
    assert (report.providers_file.state, report.status) == ("rejected", "degraded")
    assert report.providers_file.loaded is not None
