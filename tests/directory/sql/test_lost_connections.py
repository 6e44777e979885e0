"""A database that is slow, hangs, restarts or has no free connection fails in time."""

import gc
import threading
import time
from pathlib import Path

import pytest

from tests.directory.sql.conftest import ALICE, SLEEP, Opened, quick, said
from tests.directory.sql.schemas import SCHEMAS
from tests.servers.database import Database
from tests.servers.frozen import frozen
from tests.servers.mariadb import MariaDb
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.postgresql import PostgreSql
from waypost.core.address import DomainName
from waypost.core.errors import DirectoryBusy, DirectoryUnavailable
from waypost.directory.sql.source import OpenSqlDirectory


def test_statement_that_hangs(postfixadmin: Database, opened: Opened) -> None:
    """A slow statement ends at the time limit, and the next one works."""
    slow = opened(postfixadmin.uri, query=SLEEP[postfixadmin.dialect], limits=quick())
    assert "query: took longer than time_limit_seconds (0.5 s)" in said(slow)
    assert slow.has_domain(DomainName("example.com"))


def test_pool_used_up(postfixadmin: Database, opened: Opened) -> None:
    """If all connections are in use, the next query fails with this reason and does not wait."""
    limits = quick(max_searches=1)
    people = opened(postfixadmin.uri, query=SLEEP[postfixadmin.dialect], limits=limits)
    outcomes: list[str] = []

    def ask() -> None:
        try:
            people.find(ALICE)
        except DirectoryBusy as error:
            outcomes.append(str(error))
        except DirectoryUnavailable:
            outcomes.append("")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    busy = "directory people: all 1 connections are in use; raise max_searches"
    assert busy in outcomes
    assert people.has_domain(DomainName("example.com"))


def test_postgresql_restarts(postgresql_server: PostgreSql, opened: Opened) -> None:
    """After a crash of the server, the failure is temporary, and the same pool works again."""
    name = postgresql_server.fresh()
    postgresql_server.sql(SCHEMAS["postfixadmin"]["postgresql"], name, "waypost")
    _survives(postgresql_server, opened(postgresql_server.uri(name)))


# PyMySQL leaves an unconnected socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_mariadb_restarts(mariadb_server: MariaDb, opened: Opened) -> None:
    """The same after a restart of MariaDB."""
    name = mariadb_server.fresh()
    mariadb_server.sql(SCHEMAS["postfixadmin"]["mysql"], name)
    _survives(mariadb_server, opened(mariadb_server.uri(name)))
    gc.collect()


def _survives(server: PostgreSql | MariaDb, people: OpenSqlDirectory) -> None:
    assert people.find(ALICE) is not None
    server.kill()
    try:
        with pytest.raises(DirectoryUnavailable, match="that the server runs"):
            people.find(ALICE)
    finally:
        server.start()
    assert people.find(ALICE) is not None


@pytest.mark.servers
def test_server_killed_during_a_query(postgresql_server: PostgreSql, opened: Opened) -> None:
    """If a server stops during a query, the error says "lost", and the next query works."""
    name = postgresql_server.fresh()
    query = f"{SLEEP['postgresql']} AND 'x' <> 'killed'"
    people = opened(postgresql_server.uri(name), query=query, limits=quick(20))
    ends = threading.Thread(target=_terminate, args=(postgresql_server,))
    ends.start()
    assert "the connection was lost" in said(people)
    ends.join()


def _terminate(server: PostgreSql) -> None:
    sql = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE query LIKE '%killed%' AND pid <> pg_backend_pid() AND state = 'active'"
    )
    end = time.monotonic() + PATIENCE_SECONDS
    while server.sql(sql).strip() == "0" and time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.servers
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_postgresql_that_hangs(postgresql_server: PostgreSql, opened: Opened, driver: str) -> None:
    """A silent server fails in time, during a query and before one."""
    name = postgresql_server.fresh()
    postgresql_server.sql(SCHEMAS["postfixadmin"]["postgresql"], name, "waypost")
    people = opened(postgresql_server.uri(name, driver), limits=quick(1.5, max_searches=1))
    assert people.find(ALICE) is not None
    sql = f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"  # noqa: S608 -- a test's own
    with frozen(int(postgresql_server.sql(sql))) as is_stopped:
        # This connection does not answer any more, but a new one does.
        assert people.find(ALICE) is not None
        assert is_stopped()
    asking = threading.Thread(target=_stopped_soon, args=(postgresql_server, sql))
    slow = opened(postgresql_server.uri(name, driver), query=SLEEP["postgresql"], limits=quick(3.0))
    asking.start()
    assert "the connection was lost" in said(slow)
    asking.join()
    assert slow.has_domain(DomainName("example.com"))


def _stopped_soon(server: PostgreSql, sql: str) -> None:
    """Stop each sleeping connection until its query is over."""
    sleeping = f"{sql} AND query LIKE '%pg_sleep%'"
    end = time.monotonic() + PATIENCE_SECONDS
    while not (pid := server.sql(sleeping).strip()) and time.monotonic() < end:
        time.sleep(0.05)
    with frozen(int(pid)):
        time.sleep(5)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_mariadb_that_hangs(mariadb_server: MariaDb, opened: Opened) -> None:
    """A suspended server fails in time, and answers again when it is resumed."""
    name = mariadb_server.fresh()
    mariadb_server.sql(SCHEMAS["postfixadmin"]["mysql"], name)
    people = opened(mariadb_server.uri(name), limits=quick(0.3))
    assert people.find(ALICE) is not None
    file = mariadb_server.sql("SELECT @@pid_file").strip()
    pid = int(Path(file).read_text(encoding="ascii"))
    with frozen(pid), pytest.raises(DirectoryUnavailable):
        people.find(ALICE)
    assert people.find(ALICE) is not None
    gc.collect()
