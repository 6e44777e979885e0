"""The metrics of several workers, as Prometheus gets them."""

import pickle

from prometheus_client.parser import text_string_to_metric_families

from waypost.runtime.metrics import Metrics
from waypost.runtime.prometheus import exposition, registry_reading
from waypost.runtime.worker_counts import WorkerCounts, collect_counts


def shown(counts: WorkerCounts) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(
            exposition(registry_reading(counts.sums)).decode()
        )
        for sample in family.samples
    }


def note(counts: WorkerCounts, worker: int, metrics: Metrics) -> None:
    """Record the counts as a worker sends them."""
    counts.update(worker, pickle.loads(pickle.dumps(collect_counts(metrics.all))))  # noqa: S301 -- our own


def test_counters_are_added_up() -> None:
    """A counter is the sum of all workers, those that have ended among them, and never falls."""
    counts, one, other = WorkerCounts(), Metrics(), Metrics()
    name = ("waypost_requests_total", "k-9", "autoconfig", "ok")
    one.request_recorder("autoconfig", "ok", "k-9")(0.002)
    other.request_recorder("autoconfig", "ok", "k-9")(0.002)
    other.request_recorder("autoconfig", "ok", "k-9")(0.002)
    other.request_recorder("pacc", "not_served", "none")(0.001)
    note(counts, 1, one)
    assert shown(counts)[name] == 1
    note(counts, 2, other)
    assert shown(counts)[name] == 3
    assert shown(counts)["waypost_requests_total", "none", "pacc", "not_served"] == 1
    counts.remove_worker(2)
    assert shown(counts)[name] == 3
    note(counts, 3, other)
    counts.remove_worker(1)
    counts.remove_worker(3)
    assert shown(counts)[name] == 5
    counts.remove_worker(3)
    assert shown(counts)[name] == 5


def test_gauges_are_those_of_running_workers() -> None:
    """A gauge shows the worst of the running workers."""
    counts, good, bad = WorkerCounts(), Metrics(), Metrics()
    bad.record_store_unavailable()
    bad.record_directory_state("LDAP", up=False)
    good.record_directory_state("LDAP", up=True)
    note(counts, 1, good)
    assert shown(counts)["waypost_store_up",] == 1
    note(counts, 2, bad)
    assert shown(counts)["waypost_store_up",] == 0
    assert shown(counts)["waypost_directory_up", "LDAP"] == 0
    counts.remove_worker(2)
    assert shown(counts)["waypost_store_up",] == 1
    assert shown(counts)["waypost_directory_up", "LDAP"] == 1
    counts.remove_worker(1)
    assert ("waypost_store_up",) not in shown(counts)


def test_the_same_as_of_one() -> None:
    """Several workers have the same metrics and help texts as a single one."""
    counts, metrics = WorkerCounts(), Metrics()
    metrics.request_recorder("autoconfig", "ok", "k-9")(0.002)
    note(counts, 1, metrics)
    alone = exposition(metrics.registry).decode().splitlines()
    expected = [line for line in alone if "_created" not in line]
    assert exposition(registry_reading(counts.sums)).decode().splitlines() == expected


def test_connections_are_added_up() -> None:
    """Numbers of connections and of cached domains are the sum of the running workers."""
    counts, one, other = WorkerCounts(), Metrics(), Metrics()
    one.watch_connections(lambda: 3, 10)
    other.watch_connections(lambda: 4, 10)
    other.watch_cache(lambda: (5, 6))
    note(counts, 1, one)
    note(counts, 2, other)
    assert shown(counts)["waypost_connections",] == 7
    assert shown(counts)["waypost_connections_limit",] == 20
    assert shown(counts)["waypost_cache_entries", "found"] == 5


def test_durations_are_added_up() -> None:
    """The buckets of a histogram are the sum of all workers."""
    counts, one, other = WorkerCounts(), Metrics(), Metrics()
    one.record_store_query(0.003)
    other.record_store_query(0.004)
    other.record_store_query(4)
    note(counts, 1, one)
    note(counts, 2, other)
    counts.remove_worker(2)
    found = shown(counts)
    assert found["waypost_store_query_duration_seconds_bucket", "0.005"] == 2
    assert found["waypost_store_query_duration_seconds_bucket", "+Inf"] == 3
    assert found["waypost_store_query_duration_seconds_count",] == 3
    assert [len(worker) > 0 for worker in counts.report().running] == [True]
