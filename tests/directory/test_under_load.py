"""A directory that hangs, dies and restarts delays its own domains little, others not."""

import statistics
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from tests.directory.serving import Asking, providers, serving
from tests.servers.authority import Authority
from tests.servers.frozen import frozen
from tests.servers.slapd import Slapd
from tests.servers.waypost import RunningWaypost

pytestmark = [pytest.mark.servers, pytest.mark.slow]

TIME_LIMIT_SECONDS = 1.0
QUESTIONS = 400
# A busy machine may disturb one measurement; a directory that delays others shows in each.
ATTEMPTS = 4
# A request that waits for the directory takes a thousand times as long.
ROOM = 2


@dataclass
class Load:
    """A client that keeps asking about new users of a directory."""

    port: int
    name: str
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        asking = Asking(self.port)
        number = 0
        while not self._stop.is_set() and number < 100_000:
            number += 1
            begin = time.perf_counter()
            reply = asking.autoconfig(f"{self.name}{number % 10_000}@example.com")
            self.times.append(time.perf_counter() - begin)
            self.statuses[reply.status] += 1
            self.bodies.append(reply.body)
            time.sleep(0.005)
        asking.close()


def others(server: RunningWaypost) -> float:
    """Request a domain without a directory many times, and return the median in seconds."""
    asking = Asking(server.port)
    times = []
    for number in range(QUESTIONS):
        begin = time.perf_counter()
        reply = asking.autoconfig(f"user{number}@example.org")
        times.append(time.perf_counter() - begin)
        assert reply.status == 200
        time.sleep(0.002)
    asking.close()
    return statistics.median(times)


@pytest.mark.rule("autoconfig-timely")
def test_directory_that_hangs(
    tmp_path: Path, server: Slapd, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """Domains without the directory are not slower; its own answer within its time limit."""
    path = providers(tmp_path, server.url, authority, time_limit=TIME_LIMIT_SECONDS)
    with serving(tmp_path, path) as (running, asking):
        assert b"p1" in asking.autoconfig("person1@example.com").body
        for attempt in range(ATTEMPTS):
            found = hanging(server, running, attempt)
            with capsys.disabled():
                print(f"\n  {found}")  # noqa: T201
            if found.is_quick:
                return

    pytest.fail("a directory that hangs makes others wait")


@dataclass(frozen=True)
class Found:
    """The measurements of one attempt, in seconds."""

    before: float
    during: float
    slowest: float
    answered_before: int
    answered_during: int

    @property
    def is_quick(self) -> bool:
        return self.during < self.before * ROOM and self.slowest < TIME_LIMIT_SECONDS * ROOM + 1

    def __str__(self) -> str:
        return (
            f"others: {self.before * 1e6:.0f} µs before, {self.during * 1e6:.0f} µs while it hangs;"
            f" with the directory: {self.answered_before} answers before, {self.answered_during}"
            f" while it hangs, the slowest after {self.slowest:.2f} s"
        )


def hanging(server: Slapd, running: RunningWaypost, attempt: int) -> Found:
    """If the directory hangs under load, every request gets the domain's general answer."""
    with Load(running.port, "some") as well, Load(running.port, "any") as fine:
        before = others(running)
    with frozen(server.pid):
        names = (f"missing{attempt}-", f"none{attempt}-")
        with Load(running.port, names[0]) as first, Load(running.port, names[1]) as second:
            during = others(running)
            time.sleep(TIME_LIMIT_SECONDS * 2)
        # An idle connection is closed after a while.
        with closing(Asking(running.port)) as asking:
            known = asking.autoconfig("person1@example.com")
    time.sleep(TIME_LIMIT_SECONDS * 2)  # It is tried again meanwhile.
    times, bodies = first.times + second.times, first.bodies + second.bodies
    assert set(well.statuses + fine.statuses + first.statuses + second.statuses) == {200}
    assert len(times) > 50
    assert all(b"mx.example.com" in body for body in bodies)
    assert b"p1" in known.body
    return Found(before, during, max(times), len(well.times + fine.times), len(times))


def test_directory_that_dies(
    tmp_path: Path, server: Slapd, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the directory is dead, every request is answered; later, login names return."""
    path = providers(tmp_path, server.url, authority, ttl=0, time_limit=TIME_LIMIT_SECONDS)
    with serving(tmp_path, path) as (running, asking), Load(running.port, "person") as load:
        while len(load.times) < 50:
            time.sleep(0.01)
        server.kill()
        dead = len(load.times)
        time.sleep(2)
        while len(load.times) <= dead + 20:
            time.sleep(0.01)
        server.start()
        again = len(load.times)
        for _ in range(400):
            if b"p9999" in asking.autoconfig("person9999@example.com").body:
                break
            time.sleep(0.1)
        assert b"p9999" in asking.autoconfig("person9999@example.com").body

    with capsys.disabled():
        shown = f"{dead} answers before, {again - dead} while it was dead: {dict(load.statuses)}"
        print(f"\n  {shown}")  # noqa: T201
    assert set(load.statuses) == {200}
    assert again - dead > 20
