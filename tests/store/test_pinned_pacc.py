"""Pinned PACC documents, in the database and in memory."""

import threading

import pytest

from tests.making import EXAMPLE_COM, domain, host_service
from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed, StoreError
from waypost.core.model import Catalog, Domain, ExternalDomains, Secret, SqlDirectory
from waypost.database.engine import Engine, read_connection, write_transaction
from waypost.formats.pacc import document
from waypost.store.external import ExternalStore
from waypost.store.memory import MemoryStore
from waypost.store.sql import schema
from waypost.store.sql.rows.pinned_pacc import PinnedRows
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import read_catalog, write_catalog

IDN = DomainName("xn--bcher-kva.example")
BELOW = DomainName("a.example.net")
OLD = '{"info":{"provider":{"name":"Bücher 📚"}}}'.encode()
BEFORE = Catalog((domain("example.com"), domain(IDN.ascii), domain("*.example.net")))


def put(engine: Engine, catalog: Catalog) -> None:
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog)


def pinned_for(engine: Engine, name: DomainName = EXAMPLE_COM) -> bytes | None:
    found = SqlStore(engine).find(name)
    assert found is not None
    return found.pinned_pacc


def test_pin_and_unpin(engine: Engine) -> None:
    """The first document is pinned byte for byte, only for its domain, until it is unpinned."""
    put(engine, BEFORE)
    pinned = PinnedRows(engine)

    assert pinned.pin(EXAMPLE_COM, OLD) == OLD
    assert pinned.pin(EXAMPLE_COM, b"new") == OLD
    assert pinned.pin(IDN, b"other") == b"other"
    assert pinned.all() == {"example.com": OLD, IDN.ascii: b"other"}
    assert [pinned_for(engine, one) for one in (EXAMPLE_COM, IDN, BELOW)] == [OLD, b"other", None]
    assert not pinned.unpin(EXAMPLE_COM, b"new")
    assert pinned.unpin(EXAMPLE_COM, OLD)
    assert not pinned.unpin(EXAMPLE_COM, OLD)
    assert pinned_for(engine) is None


def test_largest_document(engine: Engine) -> None:
    """The largest document that PACC renders is pinned byte for byte by every engine."""
    put(engine, BEFORE)
    largest = b"x" * document.MAX_BYTES

    assert PinnedRows(engine).pin(EXAMPLE_COM, largest) == largest
    assert pinned_for(engine) == largest
    if engine.dialect.name == "mysql":  # the reason for the limit
        with pytest.raises(StoreError, match="Data too long"):
            PinnedRows(engine).pin(IDN, largest + b"x")


def test_domain_without_a_row_cannot_be_pinned(engine: Engine) -> None:
    """A domain without its own row cannot have a pinned document, not even from a pattern."""
    put(engine, BEFORE)
    with write_transaction(engine) as connection:
        is_pattern = schema.domain.c.name == "*.example.net"
        connection.execute(schema.domain.update().where(is_pattern).values(pinned_pacc=OLD))
    pinned = PinnedRows(engine)

    for name in (BELOW, DomainName("unserved.example")):
        with pytest.raises(DomainNotServed, match="does not have its own entry"):
            pinned.pin(name, OLD)
        assert not pinned.unpin(name, OLD)
    assert pinned_for(engine, BELOW) is None
    assert pinned.all() == {}


def test_changes_leave_it(engine: Engine) -> None:
    """A pinned document survives every change of its domain, and is not exported."""
    put(engine, BEFORE)
    PinnedRows(engine).pin(EXAMPLE_COM, OLD)
    other = domain("example.com", host_service(host="new.example.com"))
    after = Catalog((domain("first.example"), other))
    put(engine, after)

    found = SqlStore(engine).find(EXAMPLE_COM)
    assert found is not None
    assert (found.pinned_pacc, found.services) == (OLD, other.services)
    with read_connection(engine) as connection:
        assert set(read_catalog(connection).domains) == set(after.domains)


def test_it_goes_with_its_domain(engine: Engine) -> None:
    """A domain that is removed and added again has no pinned document."""
    put(engine, BEFORE)
    PinnedRows(engine).pin(EXAMPLE_COM, OLD)
    put(engine, Catalog((domain("other.example"),)))
    assert PinnedRows(engine).all() == {}
    put(engine, BEFORE)

    assert pinned_for(engine) is None


def test_names_as_operators_stored_them(engine: Engine) -> None:
    """A row with capitals or U-labels has the document of its domain."""
    put(engine, BEFORE)
    with write_transaction(engine) as connection:
        for old, new in (("example.com", "Example.COM"), (IDN.ascii, IDN.unicode)):
            is_row = schema.domain.c.name == old
            connection.execute(schema.domain.update().where(is_row).values(name=new))
    for name in (EXAMPLE_COM, IDN):
        PinnedRows(engine).pin(name, OLD)

        assert pinned_for(engine, name) == OLD
    assert PinnedRows(engine).all() == {"example.com": OLD, IDN.ascii: OLD}


def test_simultaneous_unpins(engine: Engine) -> None:
    """Of several simultaneous calls that unpin a document one succeeds."""
    put(engine, BEFORE)
    PinnedRows(engine).pin(EXAMPLE_COM, OLD)
    released: list[bool] = []
    threads = [
        threading.Thread(target=lambda: released.append(PinnedRows(engine).unpin(EXAMPLE_COM, OLD)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(released) == [False, False, False, True]


@pytest.mark.parametrize(("stored", "pinned"), [("'ü'", "ü".encode()), ("''", None), ("x''", None)])
def test_written_by_hand(sqlite_engine: Engine, stored: str, pinned: bytes | None) -> None:
    """A text in SQLite's column is the document in UTF-8; an empty one is no document."""
    put(sqlite_engine, BEFORE)
    with write_transaction(sqlite_engine) as connection:
        connection.exec_driver_sql(f"UPDATE domain SET pinned_pacc = {stored}")  # noqa: S608

    assert pinned_for(sqlite_engine) == pinned
    assert PinnedRows(sqlite_engine).all().get("example.com") == pinned
    if pinned is not None:
        assert PinnedRows(sqlite_engine).unpin(EXAMPLE_COM, pinned)
    assert PinnedRows(sqlite_engine).pin(EXAMPLE_COM, OLD) == OLD


class Lender:
    """A database that has each domain below lent.example."""

    def has_domain(self, name: DomainName) -> bool:
        return name.ascii.endswith(".lent.example")

    def close(self) -> None:
        """Do nothing."""


def test_memory() -> None:
    """In memory a document is pinned for a domain of the file or a database, not for a pattern."""
    entry = domain("*")
    directory = SqlDirectory("people", Secret("sqlite://"), "SELECT 1", None)
    lent = ExternalDomains(directory, entry.provider, entry.services)
    catalog = Catalog((*BEFORE.domains, entry), external_domains=(lent,))
    names = ["example.com", "*.example.net", "a.example.net", "a.lent.example", "gone.example", "*"]
    own = MemoryStore(catalog, dict.fromkeys(names, OLD))
    store = ExternalStore(own, lambda _: Lender())

    def pinned(name: str) -> bytes | None:
        found: Domain | None = store.find(DomainName(name))
        assert found is not None
        return found.pinned_pacc

    assert (pinned("example.com"), pinned("a.lent.example")) == (OLD, OLD)
    assert {pinned(one) for one in ("a.example.net", "b.example.net", "gone.example")} == {None}
