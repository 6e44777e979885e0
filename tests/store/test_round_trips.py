"""How many statements and round trips a domain costs while nothing is cached."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from tests.making import PROVIDER, domain
from tests.servers.database import ENGINES
from tests.servers.mariadb import MariaDb
from tests.servers.postgresql import PostgreSql
from tests.servers.round_trips import counting_relay
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainNotServed
from waypost.core.model import (
    Catalog,
    Directory,
    DirectoryPolicy,
    ExternalDomains,
    FileDirectory,
    Redirect,
    Secret,
    SqlDirectory,
    User,
)
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.directory.sql.source import OpenSqlDirectory
from waypost.lookup.lookup import Lookup
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.external import ExternalStore
from waypost.store.memory import MemoryStore
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.rows.pinned_pacc import PinnedRows
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import write_catalog

STAFF: Final = FileDirectory("staff", "/users.csv")
CATALOG: Final = Catalog(
    (
        *(domain("example.com"), domain("*.example.com"), domain("pinned.example")),
        replace(domain("alias.example"), alias_of="example.com"),
        replace(domain("staff.example"), users=DirectoryPolicy(STAFF)),
        replace(domain("declined.example"), redirect=Redirect()),
        replace(domain("url.example"), redirect=Redirect(url="https://a.example/x.xml")),
        replace(domain("moved.example"), redirect=Redirect("far.example")),
        replace(domain("again.example"), redirect=Redirect("moved.example")),
    ),
    directories=(STAFF,),
)
KINDS: Final = [
    # kind of domain, domain, statements
    ("exact", "example.com", 1),
    ("below a pattern", "a.b.example.com", 1),
    ("IDN that is not served", "xn--bcher-kva.example", 1),
    ("not served", "stranger.test", 1),
    ("alias", "alias.example", 1),
    ("with a directory", "staff.example", 1),
    ("with a pinned document", "pinned.example", 1),
    ("declined", "declined.example", 1),
    ("redirect to a URL", "url.example", 1),
    # The next domain of a redirect may point back, by its own row or by a pattern, so it is looked
    # up as well: its name is known after the first statement.
    ("redirect to another domain", "moved.example", 2),
    ("redirect to a redirect", "again.example", 3),
]
# docs/decisions/0027-one-statement.md says why PostgreSQL needs a check and a transaction.
EXTERNAL: Final = {"sqlite": 1, "mysql": 1, "postgresql": 4}


@dataclass(frozen=True, slots=True)
class Counted:
    """A database, and the number of statements and round trips so far."""

    uri: str
    engine: Engine
    count: Callable[[], int]
    dialect: str


@pytest.fixture(name="counted", params=ENGINES)
def _counted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counted]:
    """Yield a database of each engine with the catalog, and its counter."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            uri, count = f"sqlite:///{tmp_path}/w.sqlite", lambda: len(statements)
        else:
            name = {"postgresql": "postgresql_server", "mysql": "mariadb_server"}[request.param]
            server: PostgreSql | MariaDb = request.getfixturevalue(name)
            relay = stack.enter_context(counting_relay(server.port))
            # A URI by the port of the relay.
            uri = server.tcp_uri(server.fresh()).replace(f":{server.port}/", f":{relay.port}/")
            count = lambda: relay.round_trips  # noqa: E731
        engine = open_engine(uri)
        stack.callback(engine.dispose)
        upgrade(engine)
        with write_transaction(engine) as connection:
            write_catalog(connection, CATALOG)
        PinnedRows(engine).pin(DomainName("pinned.example"), b"document")
        engine.dispose()
        statements: list[str] = []
        if request.param == "sqlite":

            def trace(driver: sqlite3.Connection, _record: object) -> None:
                driver.set_trace_callback(statements.append)

            sa.event.listen(sa.Pool, "connect", trace)
            stack.callback(sa.event.remove, sa.Pool, "connect", trace)
        yield Counted(uri, engine, count, request.param)


class NoDirectories:
    """Finds no users; a directory is another system."""

    async def user_for(self, _directory: Directory, _address: EmailAddress) -> User | None:
        return None


def test_each_kind_of_domain(counted: Counted) -> None:
    """Each kind of domain costs one round trip, and each domain that it redirects to another."""
    found: list[tuple[str, str, int]] = []

    async def work() -> None:
        # One thread: each kind uses the same connection.
        limits = CacheLimits(ttl_seconds=0)
        cache = DomainCache(SqlStore(counted.engine), limits, threads=1)
        lookup = Lookup(cache, NoDirectories())
        await cache.find(DomainName("example.com"))
        for kind, name, _ in KINDS:
            before = counted.count()
            with suppress(DomainNotServed):
                await lookup.find_by_address(EmailAddress("alice", DomainName(name)))
            found.append((kind, name, counted.count() - before))
        await cache.close()

    asyncio.run(work())

    assert found == KINDS


def test_external_domains(counted: Counted) -> None:
    """Each database of external domains that is queried costs its round trips."""
    directory = SqlDirectory(
        *("one", Secret(counted.uri)),
        domains_query="SELECT name FROM domain WHERE name = :domain",
    )
    file_store = MemoryStore(Catalog(external_domains=(ExternalDomains(directory, PROVIDER, ()),)))
    opened: list[OpenSqlDirectory] = []

    def open_source(configured: SqlDirectory) -> OpenSqlDirectory:
        opened.append(OpenSqlDirectory(configured))
        return opened[-1]

    store = ExternalStore(file_store, open_source)
    assert store.find(DomainName("example.com")) is not None
    for name in ("example.com", "stranger.test"):
        before = counted.count()
        assert (store.find(DomainName(name)) is not None) == (name == "example.com")
        assert counted.count() - before == EXTERNAL[counted.dialect]
    store.close()


@pytest.mark.servers
@pytest.mark.parametrize("restarts", ["postgresql_server", "mariadb_server"])
def test_closed_connection(restarts: str, request: pytest.FixtureRequest) -> None:
    """If the server has closed the connections of the pool, the next request does not fail."""
    server: PostgreSql | MariaDb = request.getfixturevalue(restarts)
    uri = server.tcp_uri(server.fresh())
    with counting_relay(server.port) as relay:
        engine = open_engine(uri.replace(f":{server.port}/", f":{relay.port}/"))
        upgrade(engine)
        with write_transaction(engine) as connection:
            write_catalog(connection, CATALOG)
        store = SqlStore(engine)
        for use in (_find, _read, _write):
            use(store)
            relay.close_connections()
            use(store)
        store.close()


def _find(store: SqlStore) -> None:
    assert store.find(DomainName("example.com")) is not None


def _read(store: SqlStore) -> None:
    with read_connection(store.engine) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM domain")).scalar_one()


def _write(store: SqlStore) -> None:
    with write_transaction(store.engine) as connection:
        connection.execute(sa.text("UPDATE provider SET short_name = 'x'"))
