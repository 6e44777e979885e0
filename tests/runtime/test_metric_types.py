"""A counter of events in Prometheus' text format."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from waypost.runtime.metric_types import EventCounter, LockedNumbers
from waypost.runtime.prometheus import registry_of


def test_same_text_as_the_counter_of_the_library() -> None:
    """The numbers, names and labels are those of Prometheus' own counter."""
    usual = CollectorRegistry()
    events = EventCounter("waypost_events", "All of them.", ["kind", "result"])
    counter = Counter("waypost_events", "All of them.", ["kind", "result"], registry=usual)
    for labels in (("a", "ok"), ("b", 'with "quotes"'), ("a", "ok")):
        events.incrementer(*labels)()
        counter.labels(*labels).inc()
    events.incrementer("c", "never")
    counter.labels("c", "never")

    lines = [line for line in generate_latest(usual).splitlines() if b"_created" not in line]
    assert generate_latest(registry_of([events])).splitlines() == lines


def test_same_text_as_the_metrics_of_the_library() -> None:
    """Counters and gauges, with labels and without, are those of Prometheus' own classes."""
    usual = CollectorRegistry()
    own = [
        LockedNumbers("a_plain", "Without labels."),
        LockedNumbers("a_failures", "With a label.", ["code"]),
        LockedNumbers("a_level", "A gauge.", kind="gauge"),
        LockedNumbers("a_up", "A gauge with a label.", ["directory"], "gauge"),
        LockedNumbers("a_never", "Without a number.", ["code"]),
    ]
    counters = [
        Counter(one.name, one.documentation, one.label_names, registry=usual) for one in own[:2]
    ]
    gauges = [
        Gauge(one.name, one.documentation, one.label_names, registry=usual) for one in own[2:4]
    ]
    Counter(own[4].name, own[4].documentation, own[4].label_names, registry=usual)
    own[0].add(number=3)
    counters[0].inc(3)
    for _ in range(2):
        own[1].add("timeout")
        counters[1].labels("timeout").inc()
    own[2].set(1.5)
    gauges[0].set(1.5)
    own[3].set(0, "LDAP")
    gauges[1].labels("LDAP").set(0)

    lines = [line for line in generate_latest(usual).splitlines() if b"_created" not in line]
    assert generate_latest(registry_of(own)).splitlines() == lines
