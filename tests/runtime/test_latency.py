"""Histograms of durations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from waypost.runtime.latency import BUCKET_BOUNDS, LatencyHistogram
from waypost.runtime.prometheus import registry_of


@given(st.lists(st.one_of(st.sampled_from(BUCKET_BOUNDS), st.floats(0, 20)), max_size=20))
def test_the_same_as_of_the_library(durations: list[float]) -> None:
    """The text for Prometheus is that of the library's histogram, bounds included."""
    other = CollectorRegistry()
    ours = LatencyHistogram("a_seconds", "A.", ["kind"])
    theirs = Histogram("a_seconds", "A.", ["kind"], buckets=BUCKET_BOUNDS, registry=other)
    observe = ours.observer("x")
    theirs.labels("x")
    for duration in durations:
        observe(duration)
        theirs.labels("x").observe(duration)
    expected = [line for line in lines(other) if "_created" not in line]
    assert sorted(lines(registry_of([ours]))) == sorted(expected)


def lines(registry: CollectorRegistry) -> list[str]:
    return generate_latest(registry).decode().splitlines()


def test_sum() -> None:
    """The durations of one kind are added up."""
    durations = LatencyHistogram("a_seconds", "A.").durations()
    durations.observe(0.25)
    durations.observe(math.inf)
    assert durations.total == pytest.approx(math.inf)
    assert sum(durations.counts) == 2
