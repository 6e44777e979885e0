"""A running server whose PostgreSQL is missing at first, stops, hangs, and returns."""

import statistics
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.serve.test_serve import AUTOCONFIG, Server, serving
from tests.cli.serve.test_serve_reload import all_started, load, metric, serves, until
from tests.servers.frozen import frozen
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.postgresql import PostgreSql
from tests.servers.waypost import free_port
from tests.web.public.test_autodiscover import question
from waypost.cli.main import main

pytestmark = pytest.mark.servers

CACHE_TTL_SECONDS = 2.0


@pytest.fixture(name="server")
def _server(postgresql_server: PostgreSql) -> PostgreSql:
    return postgresql_server


def pid_of(server: PostgreSql) -> int:
    started = (server.socket / "data" / "postmaster.pid").read_text(encoding="ascii")
    return int(started.splitlines()[0])


def environ(uri: str) -> dict[str, str]:
    return {"WAYPOST_DB_URI": uri, "WAYPOST_CACHE_TTL": f"{CACHE_TTL_SECONDS}"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_start_without_the_database(home: Path, server: PostgreSql, workers: str) -> None:
    """Without the database, the answers are 503 and 603; later, it is upgraded and served."""
    name = server.fresh()
    uri = server.uri(name)
    server.stop()
    try:
        with serving(home, "--workers", workers, **environ(uri)) as waypost:
            all_started(waypost, int(workers))
            answer = httpx.get(
                f"{waypost.place}{AUTOCONFIG}alice@example.com", timeout=PATIENCE_SECONDS
            )
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
            outlook = httpx.post(
                f"{waypost.place}/autodiscover/autodiscover.xml",
                content=question(),
                timeout=PATIENCE_SECONDS,
            )
            assert outlook.status_code == 200
            assert "<ErrorCode>603</ErrorCode>" in outlook.text
            wait_for_log(waypost.log, "database unavailable; starting without it")
            server.start()
            tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'provider'"
            until(lambda: server.sql(tables, name).strip() == "1", "upgraded without any request")
            assert main(["apply", "--demo", "--db-uri", uri]) == 0
            until(lambda: serves(waypost, "example.com"), "served")
            wait_for_log(waypost.log, "store answers again")
    finally:
        server.stop()
        server.start()


def test_database_becomes_unavailable_under_load(home: Path, server: PostgreSql) -> None:
    """If the database is killed, started again or hangs, a known domain is answered at once."""
    uri, port = server.uri(server.fresh()), free_port()
    flags = ["--metrics-listen", f"127.0.0.1:{port}"]
    with serving(home, *flags, **environ(uri)) as waypost:
        assert main(["apply", "--demo", "--db-uri", uri]) == 0
        until(lambda: serves(waypost, "example.com"), "served")
        server.sql("CHECKPOINT")  # the test's server may lose what came just before a crash
        with load(waypost, "example.com") as statuses:
            server.kill()
            until(lambda: metric(port, "waypost_store_up 0.0"), "noticed")
            time.sleep(CACHE_TTL_SECONDS + 1)
            assert waypost.status(f"{AUTOCONFIG}a@never.example") == 503
            server.start()
            until(lambda: metric(port, "waypost_store_up 1.0"), "back")
            with frozen(pid_of(server)):
                until(lambda: metric(port, "waypost_store_up 0.0"), "noticed that it hangs")
                usual = statistics.median(seconds(waypost) for _ in range(20))
            until(lambda: metric(port, "waypost_store_up 1.0"), "awake")
        text = waypost.log.read_text()
    assert set(statuses) == {200}
    # A few may be late on a busy machine; all would be if they waited for the database.
    assert usual < 1.0
    assert text.count("store failed") <= 2


def seconds(waypost: Server) -> float:
    """Return the duration of an answer about a known domain."""
    started = time.perf_counter()
    assert waypost.status(f"{AUTOCONFIG}a@example.com") == 200
    return time.perf_counter() - started


@pytest.mark.parametrize("failed", [False, True])
def test_change_is_answered_within_the_ttl(home: Path, server: PostgreSql, failed: bool) -> None:
    """Applied changes are answered within the TTL, also soon after a failure."""
    uri = server.uri(server.fresh())
    with serving(home, "--workers", "2", **environ(uri)) as waypost:
        all_started(waypost, 2)
        assert main(["apply", "--demo", "--db-uri", uri]) == 0
        until(lambda: serves(waypost, "example.com"), "served")
        if failed:
            server.sql("CHECKPOINT")
            server.kill()
            time.sleep(CACHE_TTL_SECONDS + 0.5)
            server.start()
            time.sleep(2.5)
        empty = home / "empty.toml"
        empty.write_text('[[provider]]\nname = "Empty"\n', encoding="utf-8")
        with load(waypost, "example.com"):
            assert main(["apply", str(empty), "--allow-removal", "10", "--db-uri", uri]) == 0
            time.sleep(CACHE_TTL_SECONDS)
            assert serves(waypost, "example.com", 404)
