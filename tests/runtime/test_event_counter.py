"""A counter of events in Prometheus' text format."""

from prometheus_client import CollectorRegistry, Counter, generate_latest

from waypost.runtime.event_counter import EventCounter


def test_same_text_as_the_counter_of_the_library() -> None:
    """The numbers, names and labels are those of Prometheus' own counter."""
    own, usual = CollectorRegistry(), CollectorRegistry()
    events = EventCounter("waypost_events", "All of them.", ["kind", "result"])
    own.register(events)
    counter = Counter("waypost_events", "All of them.", ["kind", "result"], registry=usual)
    for labels in (("a", "ok"), ("b", 'with "quotes"'), ("a", "ok")):
        events.incrementer(*labels)()
        counter.labels(*labels).inc()
    events.incrementer("c", "never")
    counter.labels("c", "never")

    lines = [line for line in generate_latest(usual).splitlines() if b"_created" not in line]
    assert generate_latest(own).splitlines() == lines
