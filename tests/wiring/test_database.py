"""The parts of Waypost whose domains are in a database, opened as the settings say."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.making import EXAMPLE_COM
from tests.web.asgi import settings
from waypost.core.address import DomainName
from waypost.core.errors import DirectoryError, StoreError
from waypost.core.model import Domain, Secret, SqlDirectory
from waypost.runtime.metrics import Metrics
from waypost.settings import Settings
from waypost.store.cache import CacheLimits
from waypost.store.initdb import InitDb
from waypost.store.sql.migrate import upgrade
from waypost.wiring.database import (
    open_database_cache,
    open_database_store,
    open_domain_source,
    open_pinned_rows,
)

DOCUMENT = b'{"info": {}}'
FOUND = "SELECT 1 WHERE :domain = 'example.com'"


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Return the path of a SQLite file that does not exist yet."""
    return tmp_path / "waypost.sqlite"


def options(path: Path, *, initdb: bool = False) -> Settings:
    """Return settings with a SQLite file."""
    return settings(db_uri=f"sqlite:///{path}", initdb=initdb)


def tables(path: Path) -> list[str]:
    """Return the names of the tables in a SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [name for (name,) in rows]


class OpenCache:
    """A cache with a database behind it, on its own event loop.

    Attributes:
        initdb: the operations of `/initdb/`, or None.
        metrics: those of the cache.
    """

    def __init__(self, chosen: Settings) -> None:
        """Open the cache."""
        self.metrics = Metrics()
        self._cache, self.initdb, _ = open_database_cache(chosen, CacheLimits(), self.metrics)
        self._loop = asyncio.Runner()

    def find(self, domain: DomainName = EXAMPLE_COM) -> Domain | None:
        """Return the entry for a domain."""
        return self._loop.run(self._cache.find(domain))

    def close(self) -> None:
        """Close the cache and its database."""
        with self._loop:
            self._loop.run(self._cache.close())


def test_database_in_memory() -> None:
    """A database in memory has its tables at once, because no other process can create them."""
    store = open_database_store(settings(db_uri="sqlite://"))
    assert store.find(EXAMPLE_COM) is None
    store.close()


def test_worker_keeps_few_pages(path: Path) -> None:
    """A connection of a worker keeps at most 256 KiB of a SQLite file in memory."""
    connections: list[sqlite3.Connection] = []
    keep = lambda connection, _record: connections.append(connection)  # noqa: E731
    sa.event.listen(sa.Pool, "connect", keep)
    try:
        with closing(OpenCache(options(path))) as cache:
            cache.find()
            sizes = [one.execute("PRAGMA cache_size").fetchone()[0] for one in connections[-1:]]
    finally:
        sa.event.remove(sa.Pool, "connect", keep)

    assert sizes == [-256]


def test_store_changes_no_tables(path: Path) -> None:
    """A command that reads creates no file and no table; the error says how to create them."""
    store = open_database_store(options(path))
    with pytest.raises(StoreError, match=r"there is no database file .*waypost db upgrade"):
        store.find(EXAMPLE_COM)
    assert not path.exists()
    path.touch()
    with pytest.raises(StoreError, match="no such table: domain; run `waypost db upgrade`"):
        store.find(EXAMPLE_COM)
    assert tables(path) == []
    store.close()


def test_cache_upgrades_the_tables(path: Path) -> None:
    """A server creates or upgrades the tables with its first query, and not before."""
    with closing(OpenCache(options(path))) as cache:
        assert not path.exists()
        assert cache.find() is None
        assert {"domain", "provider", "server"} <= {*tables(path)}


def test_initdb_is_disabled(path: Path) -> None:
    """Without the option, there are no operations for `/initdb/`."""
    with closing(OpenCache(options(path))) as cache:
        assert cache.initdb is None


def test_initdb_clears_the_cache(path: Path) -> None:
    """What `/initdb/` writes and removes is served at once, whatever the cache knew."""
    with closing(OpenCache(options(path, initdb=True))) as cache:
        assert cache.initdb is not None
        assert cache.find() is None
        assert cache.initdb.write_sample()
        found = cache.find()
        assert found is not None
        assert found.services
        cache.initdb.purge()
        assert cache.find() is None


def test_queries_are_counted(path: Path) -> None:
    """The cache counts its answers in the metrics of the worker."""
    with closing(OpenCache(options(path))) as cache:
        for _ in range(3):
            cache.find()
        numbers = {metric.name: dict(metric.values()) for metric in cache.metrics.all}
    counted = {kind: n for (kind,), n in numbers["waypost_cache_answers"].items() if n}
    assert counted == {"miss": 1, "hit": 2}


def test_unusable_database(path: Path) -> None:
    """A file that is not a database fails at the query; the next one works if it is removed."""
    path.write_bytes(b"no database" * 1000)
    with closing(OpenCache(options(path))) as cache:
        with pytest.raises(StoreError, match="file is not a database"):
            cache.find()
        path.unlink()
        assert cache.find() is None


def test_pinned_documents(path: Path) -> None:
    """Documents are pinned to domains of the database, whose connections are closed at the end."""
    with closing(open_database_store(options(path))) as store:
        upgrade(store.engine)
        InitDb(store.engine, lambda: None).write_sample()
    with open_pinned_rows(options(path)) as pinned:
        assert pinned.all() == {}
        assert pinned.pin(EXAMPLE_COM, DOCUMENT) == DOCUMENT
    with open_pinned_rows(options(path)) as pinned:
        assert pinned.all() == {EXAMPLE_COM.ascii: DOCUMENT}
        assert pinned.unpin(EXAMPLE_COM, DOCUMENT)
    assert not [one for one in Path("/proc/self/fd").iterdir() if one.resolve() == path]


def test_pinned_documents_of_a_missing_database(path: Path) -> None:
    """A database without a file is an error, and no file is created."""
    with (
        pytest.raises(StoreError, match="there is no database file"),
        open_pinned_rows(options(path)) as pinned,
    ):
        pinned.all()
    assert not path.exists()


def test_domains_of_another_database(path: Path) -> None:
    """The domains in another database are found by its query, when the first one is asked for."""
    source = open_domain_source(directory(f"sqlite:///{path}"))
    with pytest.raises(DirectoryError, match="unable to open database file"):
        source.has_domain(EXAMPLE_COM)
    path.touch()
    assert source.has_domain(EXAMPLE_COM)
    assert not source.has_domain(DomainName("example.net"))
    source.close()


def directory(uri: str, query: str = FOUND) -> SqlDirectory:
    """Return another database with domains."""
    return SqlDirectory("postfix", Secret(uri), domains_query=query)


BAD_URIS = [
    # URI, what the error says of it
    ("mysql+nodriver://u:hunter2@h/d", "Waypost does not support"),
    ("postgresql+pg8000://u:hunter2@h/d", "the driver for postgresql[+]pg8000 is not installed"),
    ("sqlite://u:hunter2@/d", "[SQLite|sqlite]"),
]


@pytest.mark.parametrize(("uri", "reason"), BAD_URIS)
def test_bad_uris(uri: str, reason: str) -> None:
    """A URI that cannot be used is refused before a connection is made, without its password."""
    chosen = settings(db_uri=uri)
    for refused in (
        lambda: open_database_store(chosen),
        lambda: open_database_cache(chosen, CacheLimits(), Metrics()),
        lambda: open_pinned_rows(chosen).__enter__(),
        lambda: open_domain_source(directory(uri)),
    ):
        with pytest.raises((StoreError, DirectoryError), match=reason) as caught:
            refused()
        assert "hunter2" not in str(caught.value)


def test_bad_query() -> None:
    """A query with an unknown parameter is refused before a connection is made."""
    with pytest.raises(DirectoryError, match="domains_query: :name is not known"):
        open_domain_source(directory("sqlite:////missing", "SELECT 1 WHERE :name = 'a'"))
