"""The maximum number of connections of a listener, and which one is closed above it."""

import asyncio
import io
import json
import resource

import pytest

from waypost.runtime.logs import configure
from waypost.runtime.metrics import Metrics
from waypost.web.connection_limit import (
    MAX_CONNECTIONS,
    RESERVED_DESCRIPTORS,
    ConnectionLimit,
    PipelineQueue,
    max_connections_by_open_files,
)
from waypost.web.public.limits.client_networks import ClientNetworks


class Fake:
    """A connection that records that it was closed."""

    def __init__(self, name: str, ended: list[str]) -> None:
        self._name = name
        self._ended = ended

    def abort(self) -> None:
        self._ended.append(self._name)


ENDED = [
    # Events of connections, and which connections are closed.
    pytest.param("+a +b", "", id="as many as may be"),
    pytest.param("+a +b +c", "a", id="the oldest"),
    pytest.param("+a +b -a +c", "", id="one has closed"),
    pytest.param("+a +b -a -a +c +d", "b", id="one has closed twice"),
    pytest.param("+a +b !a +c", "b", id="the oldest works"),
    pytest.param("+a +b !a ?a +c", "b", id="the oldest waits again"),
    pytest.param("+a +b !a !b +c", "c", id="all work"),
    pytest.param("+a +b !a !b ?b ?a +c", "b", id="the one that waits longest"),
    pytest.param("+a +b +c ?a !a +d", "a b", id="what has ended is not counted again"),
]


@pytest.mark.parametrize(("events", "ended"), ENDED)
def test_longest_waiting_ends(events: str, ended: str) -> None:
    """Of too many connections, the one that has waited longest for its client is closed."""
    found: list[str] = []
    fakes = {name: Fake(name, found) for name in "abcd"}
    limit = ConnectionLimit(2)
    actions = {"+": limit.add, "-": limit.remove, "!": limit.mark_busy, "?": limit.mark_waiting}
    for event in events.split():
        actions[event[0]](fakes[event[1]])

    assert found == ended.split()


ENDED_OF_NETWORK = [
    # Events of connections (capital letters: of another network), and which are closed.
    pytest.param("+a +b", "", id="as many as may be"),
    pytest.param("+a +b +c", "a", id="the oldest of the network"),
    pytest.param("+A +a +b +c", "a", id="no other network loses a connection"),
    pytest.param("+a +b -a +c", "", id="one has closed"),
    pytest.param("+a +b -a -a +c +d", "b", id="one has closed twice"),
    pytest.param("+a +b !a +c", "b", id="one works"),
    pytest.param("+a +b !a !b +c", "c", id="all work"),
    pytest.param("+A +B +a +b", "", id="two networks"),
    pytest.param("+A +B +a +b +x", "A", id="the longest of all"),
    pytest.param("+x +y +z +a", "", id="a client without a limit"),
]


@pytest.mark.parametrize(("events", "ended"), ENDED_OF_NETWORK)
def test_longest_waiting_of_a_network_ends(events: str, ended: str) -> None:
    """Of too many connections of a network, its own that has waited longest is closed."""
    found: list[str] = []
    fakes = {name: Fake(name, found) for name in "abcdABxyz"}
    networks = {**dict.fromkeys("abcd", b"1"), **dict.fromkeys("AB", b"2")}
    limit = ConnectionLimit(4, max_per_network=2)
    for event in events.split():
        match event[0]:
            case "+":
                limit.add(fakes[event[1]], networks.get(event[1]))
            case "-":
                limit.remove(fakes[event[1]])
            case "!":
                limit.mark_busy(fakes[event[1]])

    assert found == ended.split()


def test_each_limit_is_counted() -> None:
    """The metrics count the limit of one network apart from that of all connections."""
    metrics = Metrics()
    limit = ConnectionLimit(4, max_per_network=2)
    limit.report_to(metrics)
    for network in (b"1", b"1", b"1", b"2", b"2", b"3"):
        limit.add(Fake("a", []), network)
    name = "waypost_limits_hit_total"
    counted = {
        kind: metrics.registry.get_sample_value(name, {"limit": kind})
        for kind in ("connections", "network_connections")
    }
    assert counted == {"connections": 1, "network_connections": 1}


@pytest.mark.parametrize(
    ("address", "text"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:0:1::5", "2001:db8:0:1::/64")],
)
def test_warning_about_a_network(address: str, text: str) -> None:
    """One warning names the network with too many connections, its limit, and what to set."""
    network = ClientNetworks().find(address)
    limit = ConnectionLimit(1000, max_per_network=2)
    stream = io.StringIO()
    configure("info", "json", stream)
    for _ in range(9):
        limit.add(Fake("a", []), network)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["level"], line["network"], line["limit"]) == ("warning", text, 2)
    assert "set trusted_proxies" in line["event"]


def test_warning_about_all_connections() -> None:
    """One warning says the limit of all connections, however many are closed."""
    limit = ConnectionLimit(2)
    stream = io.StringIO()
    configure("info", "json", stream)
    for _ in range(9):
        limit.add(Fake("a", []))
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["level"], line["limit"]) == ("warning", 2)
    assert "too many connections" in line["event"]


def test_networks_are_forgotten() -> None:
    """A network without a connection takes no memory."""
    limit = ConnectionLimit(1000, max_per_network=2)
    for number in range(500):
        one = Fake("a", [])
        limit.add(one, number.to_bytes(4))
        limit.remove(one)

    assert not limit.counts_networks


BY_DESCRIPTORS = [
    # Soft limit, connections.
    (64, 32),
    (256, 256 - RESERVED_DESCRIPTORS),
    (1024, 1024 - RESERVED_DESCRIPTORS),
    (524_288, MAX_CONNECTIONS),
    (resource.RLIM_INFINITY, MAX_CONNECTIONS),
]


@pytest.mark.parametrize(("descriptors", "connections"), BY_DESCRIPTORS)
def test_limit_by_open_files(
    monkeypatch: pytest.MonkeyPatch, descriptors: int, connections: int
) -> None:
    """Connections leave file descriptors for other uses, and never use too much memory."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))

    assert max_connections_by_open_files() == connections


def test_pipeline_queue() -> None:
    """One connection continues in each round of the event loop, in order, even after a failure."""
    done: list[str] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, _context: done.append("failed"))
        queue = PipelineQueue()

        def fail() -> None:
            raise ValueError

        def again() -> None:
            done.append("b")
            queue.schedule(lambda: done.append("c"))

        queue.schedule(fail)
        queue.schedule(lambda: done.append("a"))
        queue.schedule(again)
        for _ in range(4):
            await asyncio.sleep(0)
            done.append("-")
        queue.schedule(lambda: done.append("d"))
        await asyncio.sleep(0)

    asyncio.run(run())
    assert "".join(done) == "failed-a-b-c-d"
