"""The metrics of parts that answer or do not."""

from waypost.runtime.states import States


def values(states: States) -> list[dict[str, float]]:
    """Return the values of both metrics, by the label."""
    return [
        {labels[0]: value for labels, value in metric.values()}
        for metric in (states.up, states.since)
    ]


def test_time_of_the_change() -> None:
    """The time changes with the state only, and each part has its own."""
    now = [100.0]
    states = States("a", "A.", ["part"], lambda: now[0])
    states.set("x", up=True)
    now[0] = 200.0
    states.set("x", up=True)
    states.set("y", up=False)
    assert values(states) == [{"x": 1, "y": 0}, {"x": 100.0, "y": 200.0}]
    now[0] = 300.0
    states.set("x", up=False)
    assert values(states) == [{"x": 0, "y": 0}, {"x": 300.0, "y": 200.0}]
    states.forget("y")
    states.forget("never set")
    assert values(states) == [{"x": 0}, {"x": 300.0}]
