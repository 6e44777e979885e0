"""The metrics of several workers, as Prometheus gets them."""

import pickle

from prometheus_client.parser import text_string_to_metric_families

from waypost.runtime.metrics import Metrics
from waypost.runtime.prometheus import WorkerCounts, collect_counts, exposition


def shown(counts: WorkerCounts) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(exposition(counts.registry).decode())
        for sample in family.samples
    }


def note(counts: WorkerCounts, worker: int, metrics: Metrics) -> None:
    """Record the counts as a worker sends them."""
    counts.update(worker, pickle.loads(pickle.dumps(collect_counts(metrics.registry))))  # noqa: S301 -- our own


def test_counters_are_added_up() -> None:
    """A counter is the sum of all workers, those that have ended among them, and never falls."""
    counts, one, other = WorkerCounts(), Metrics(), Metrics()
    name = ("waypost_requests_total", "autoconfig", "ok")
    one.count_request("autoconfig", "ok")
    other.count_request("autoconfig", "ok")
    other.count_request("autoconfig", "ok")
    other.count_request("pacc", "not_served")
    note(counts, 1, one)
    assert shown(counts)[name] == 1
    note(counts, 2, other)
    assert shown(counts)[name] == 3
    assert shown(counts)["waypost_requests_total", "pacc", "not_served"] == 1
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
    metrics.count_request("autoconfig", "ok")
    note(counts, 1, metrics)
    alone = exposition(metrics.registry).decode().splitlines()
    expected = [line for line in alone if "_created" not in line]
    assert exposition(counts.registry).decode().splitlines() == expected
