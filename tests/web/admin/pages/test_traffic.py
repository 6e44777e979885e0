"""The requests by hour: each one counts once, also after a restart and on several machines."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.web.admin.pages.running import running_pages
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.sessions import Sessions
from waypost.admin.principal import Role
from waypost.core.errors import StoreUnavailable
from waypost.database.engine import open_engine
from waypost.runtime.metric_types import Value
from waypost.runtime.worker_counts import Counts, Metric, WorkersReport
from waypost.store.sql.request_counts import RequestCounts
from waypost.web.admin.pages import traffic as module
from waypost.web.admin.pages.security import COOKIE
from waypost.web.admin.pages.traffic import (
    HOUR_SECONDS,
    METRIC,
    STORED_HOURS_MAX,
    HourKey,
    Traffic,
    finish_traffic,
)

DAY = 24
START = 1_800_000_000 // HOUR_SECONDS * HOUR_SECONDS
LABELS = ("format", "result", "client")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START + 60.0

    def __call__(self) -> float:
        return self.now


class Rows:
    """What a database stores; `is_away` lets it refuse."""

    def __init__(self) -> None:
        self.counts: dict[HourKey, int] = {}
        self.is_away = False

    def add(self, counts: Mapping[HourKey, int]) -> bool:
        if not self.is_away:
            for key, number in counts.items():
                self.counts[key] = self.counts.get(key, 0) + number
        return not self.is_away

    def read(self, since: int) -> Mapping[HourKey, int]:
        if self.is_away:
            raise StoreUnavailable("away")
        return {key: number for key, number in self.counts.items() if key[0] >= since}

    def first_hour(self) -> int | None:
        return min((hour for hour, _, _ in self.counts), default=None)

    def prune(self, before: int) -> bool:
        self.counts = {key: number for key, number in self.counts.items() if key[0] >= before}
        return True


def worker(**requests: int) -> Counts:
    """Return the metrics of a worker, by result."""
    values: dict[tuple[str, ...], Value] = {("health", "ok", "other"): 99}
    for result, number in requests.items():
        values["autoconfig", result, "thunderbird"] = number
    return (Metric(METRIC, "", "counter", LABELS, values),)


def running(*workers: Counts) -> WorkersReport:
    return WorkersReport(workers)


def test_differences_by_hour() -> None:
    """Each sample adds what is new since the one before, to the hour of the sample."""
    clock = Clock()
    traffic = Traffic(clock)
    traffic.record(running(worker(ok=3), worker(ok=1, not_served=2)))
    clock.now += HOUR_SECONDS
    traffic.record(running(worker(ok=5), worker(ok=1, not_served=2)))
    period = traffic.period(DAY)
    assert period.hours[-2:] == ((START, 4, 2), (START + HOUR_SECONDS, 2, 0))
    assert period.results == (("ok", 6), ("not_served", 2))
    (client,) = period.clients
    assert (client.client, client.total, client.failed) == ("thunderbird", 8, 2)
    assert traffic.period(1).total == 2


def test_workers_that_end() -> None:
    """The requests of a worker that has ended count, and those of its successor, too."""
    traffic = Traffic(Clock())
    traffic.record(running(worker(ok=3), worker(ok=10)))
    traffic.record(WorkersReport((worker(ok=4),), worker(ok=12)))
    traffic.record(WorkersReport((worker(ok=4), worker(ok=1)), worker(ok=12)))
    assert traffic.period(DAY).total == 17


def test_a_later_process_of_the_same_server() -> None:
    """An admin process that replaces another one does not count the same requests again."""
    traffic = Traffic(Clock(), counts_all=False)
    traffic.record(running(worker(ok=100)))
    traffic.record(running(worker(ok=101)))
    assert traffic.period(DAY).total == 1


def test_machines_and_restarts_add_up() -> None:
    """The numbers of all machines and of earlier processes are added, written or not."""
    clock, rows = Clock(), Rows()
    one, other = (Traffic(clock, stored=rows) for _ in range(2))
    for traffic in (one, other):
        traffic.record(running(worker(ok=2)))
        assert traffic.write()
        traffic.record(running(worker(ok=3)))
    assert (one.period(DAY).total, other.period(DAY).total) == (5, 5)
    assert one.write()
    clock.now += HOUR_SECONDS
    later = Traffic(clock, stored=rows)
    assert later.period(DAY).total == 5
    assert later.period(DAY).since == START
    assert later.period(1).total == 0
    assert later.period(1).since == START + HOUR_SECONDS


def test_database_that_is_away() -> None:
    """What cannot be written is kept, and is written once."""
    rows = Rows()
    traffic = Traffic(Clock(), stored=rows)
    traffic.record(running(worker(ok=2)))
    rows.is_away = True
    assert not traffic.write()
    with pytest.raises(StoreUnavailable):
        traffic.period(DAY)
    rows.is_away = False
    assert traffic.write()
    assert traffic.write()
    assert traffic.period(DAY).total == 2


def test_many_numbers_are_written_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement has a limited number of rows."""
    monkeypatch.setattr(module, "BATCH", 2)
    rows = Rows()
    traffic = Traffic(Clock(), stored=rows)
    traffic.record(running(worker(ok=1, moved=1, not_served=1, bad_address=1, not_found=1)))
    assert traffic.write()
    assert len(rows.counts) == 5


def test_retention() -> None:
    """Hours are kept for eight days in a database, and for seven in memory."""
    clock, rows = Clock(), Rows()
    traffic, in_memory = Traffic(clock, stored=rows), Traffic(clock)
    for one in (traffic, in_memory):
        one.record(running(worker(ok=1)))
    assert traffic.write()
    clock.now += STORED_HOURS_MAX * HOUR_SECONDS
    assert traffic.write()
    assert len(rows.counts) == 1
    clock.now += HOUR_SECONDS
    assert traffic.write()
    assert rows.counts == {}
    in_memory.record(running(worker(ok=2)))
    assert in_memory.period(STORED_HOURS_MAX + 2).total == 1


def test_end_of_the_process() -> None:
    """The last requests are written; a parent or a database that does not answer delays nothing."""

    async def last_report() -> WorkersReport | None:
        return running(worker(ok=7))

    async def no_report() -> WorkersReport | None:
        return None

    rows = Rows()
    asyncio.run(finish_traffic(Traffic(Clock(), stored=rows), last_report))
    assert list(rows.counts.values()) == [7]
    rows.is_away = True
    asyncio.run(finish_traffic(Traffic(Clock(), stored=rows), last_report))
    asyncio.run(finish_traffic(Traffic(Clock(), stored=rows), no_report))
    assert list(rows.counts.values()) == [7]


@pytest.mark.servers
def test_restart_of_a_server(tmp_path: Path) -> None:
    """After a restart, the overview has the requests before it."""
    with running_pages(tmp_path, "--workers", "2") as server:
        # The process answers later than its socket.
        assert httpx.get(f"{server.url}/healthz", timeout=PATIENCE_SECONDS).status_code == 200
        url = f"http://127.0.0.1:{server.port}/mail/config-v1.1.xml?emailaddress=alice@example.com"
        for _ in range(3):
            assert httpx.get(url, timeout=PATIENCE_SECONDS).status_code == 200
    engine = open_engine(server.uri)
    stored = Traffic(stored=RequestCounts(engine)).period(DAY)
    secret = Sessions(engine).sign_in("ada", AccessScope(Role.READ), None)
    engine.dispose()
    assert stored.total == 3, server.log.read_text(encoding="utf-8")
    with running_pages(tmp_path) as server:
        cookies = {"cookie": f"{COOKIE}={secret}"}
        text = httpx.get(f"{server.url}/admin/", headers=cookies, timeout=PATIENCE_SECONDS).text
    assert '<p class="number">3</p>' in text
    assert "begin again" not in text
