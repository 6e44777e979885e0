"""Three servers with one PostgreSQL: they agree in time, and survive its crash."""

import os
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost, home, waypost
from tests.servers.database import Database, postgresql_database
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.postgresql import PostgreSql
from tests.servers.process import Process
from tests.servers.waypost import SOURCE, free_port

__all__ = ["home", "waypost"]

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CACHE_TTL_SECONDS = 1.0
LATE_SECONDS = 15.0
ANSWERS = 50
DOMAINS = [f"d{number}.example" for number in range(20)]
PROVIDERS = """
[[provider]]
name = "{name}"
domains = {domains}
services = [{{ type = "imap", host = "imap.example" }}, {{ type = "smtp", host = "s.example" }}]
"""


@pytest.fixture(name="one_database")
def _one_database(postgresql_server: PostgreSql) -> Database:
    return postgresql_database(postgresql_server)


def apply(waypost: Waypost, database: Database, name: str) -> None:
    domains = "[" + ", ".join(f'"{one}"' for one in DOMAINS) + "]"
    Path("mail.toml").write_text(PROVIDERS.format(name=name, domains=domains), encoding="utf-8")
    outcome = waypost("apply", "mail.toml", "--db-uri", database.uri)
    assert outcome.code == 0, outcome.err


def asked(port: int, domain: str) -> tuple[int, bytes]:
    url = f"http://127.0.0.1:{port}/mail/config-v1.1.xml?emailaddress=a@{domain}"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""
    except OSError:
        return 0, b""


@pytest.fixture(name="ports")
def _ports(waypost: Waypost, home: Path, one_database: Database) -> Iterator[list[int]]:
    """Run three servers, and yield their addresses."""
    apply(waypost, one_database, "Before")
    with ExitStack() as stack:
        ports = []
        for number in range(3):
            port = free_port()
            command = [sys.executable, "-m", "waypost", "serve", "--port", f"{port}"]
            environment = os.environ | {
                "PYTHONPATH": f"{SOURCE}",
                "WAYPOST_DB_URI": one_database.uri,
                "WAYPOST_CACHE_TTL": f"{CACHE_TTL_SECONDS}",
                "WAYPOST_ADMIN_PORT": "0",
                "WAYPOST_WORKERS": "1",  # Each worker caches only its own lookups.
            }
            log = home / f"waypost-{number}.log"
            process = stack.enter_context(
                Process(command, log=log, environment=environment, folder=home)
            )
            process.wait_until(lambda at=port: listens(at))  # type: ignore[misc]
            ports.append(port)
        yield ports


def test_a_change_is_answered_by_all(
    waypost: Waypost, ports: list[int], one_database: Database
) -> None:
    """Within the time to live, every server has the applied configuration."""
    for port in ports:
        for domain in DOMAINS:
            status, body = asked(port, domain)
            assert (status, b"Before" in body) == (200, True)
    apply(waypost, one_database, "After")
    # A busy machine may be late; without the time to live, it would be minutes.
    end = time.monotonic() + CACHE_TTL_SECONDS + LATE_SECONDS
    while not all(b"After" in asked(port, domain)[1] for port in ports for domain in DOMAINS):
        assert time.monotonic() < end
        time.sleep(0.05)


def until_answers(counts: Counter[tuple[str, int]], when: str) -> None:
    """Wait until enough requests of a phase are answered."""
    end = time.monotonic() + PATIENCE_SECONDS
    while sum(n for (at, _), n in counts.copy().items() if at == when) <= ANSWERS:
        assert time.monotonic() < end, when
        time.sleep(0.05)


def test_no_request_is_lost(
    ports: list[int], postgresql_server: PostgreSql, request: pytest.FixtureRequest
) -> None:
    """While PostgreSQL is killed and started again, known domains get all their answers."""
    for port in ports:
        for domain in DOMAINS:
            assert asked(port, domain)[0] == 200
    counts: Counter[tuple[str, int]] = Counter()
    lost: list[tuple[int, int]] = []
    phase = ["before"]
    stop = threading.Event()
    lock = threading.Lock()

    def load(port: int) -> None:
        for number in range(20_000):
            if stop.wait(0.02):
                return
            now = phase[0]
            status, _ = asked(port, DOMAINS[number % len(DOMAINS)])
            with lock:
                counts[now, status] += 1
                if status != 200:
                    lost.append((ports.index(port), number % len(DOMAINS)))

    threads = [threading.Thread(target=load, args=(port,)) for port in ports for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        until_answers(counts, "before")
        phase[0] = "away"
        postgresql_server.kill()
        time.sleep(2 * CACHE_TTL_SECONDS)
        until_answers(counts, "away")
        unknown = [asked(port, "never-seen.example")[0] for port in ports]
        phase[0] = "back"
        postgresql_server.start()
        time.sleep(CACHE_TTL_SECONDS)
        until_answers(counts, "back")
    finally:
        stop.set()
        for thread in threads:
            thread.join(15)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        shown = ", ".join(f"{when}: {n} x {status}" for (when, status), n in sorted(counts.items()))
        print(f"\n  three servers, PostgreSQL killed and started: {shown}; never seen: {unknown}")  # noqa: T201
    assert lost == []
    assert {status for _, status in counts} == {200}
    assert {when for when, _ in counts} == {"before", "away", "back"}
    assert min(counts.values()) > ANSWERS
    assert unknown == [503] * 3
    assert [asked(port, "never-seen.example")[0] for port in ports] == [404] * 3
