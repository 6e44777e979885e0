"""Rows for the same domain, or for none: lookup, export and plan use the same rule."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.making import domain, host_service, url_service
from tests.servers.database import Database
from waypost.core.address import DomainName
from waypost.core.model import Catalog, DirectoryPolicy, Domain, LdapServer, Provider
from waypost.database.engine import (
    Connection,
    Engine,
    open_engine,
    read_connection,
    write_transaction,
)
from waypost.diagnostics.diagnostic import Diagnostic, RowLocation
from waypost.store.sql import schema
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.row_check import check_rows
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import (
    is_empty,
    open_catalog,
    purge,
    read_catalog,
    write_catalog,
)
from waypost.store.sql.sync.diff import Change, TargetContent
from waypost.store.sql.sync.row_ids import advance_sequence
from waypost.store.sql.sync.temp_table import CHUNK
from waypost.store.sql.sync.writer import write

LDAP = LdapServer(42, "ldap.example.com", 636, True, "dc=x", "(mail={0})", "uid")
# How each engine can lose a row that others refer to, as SQLite does without foreign keys.
LOSING = {
    "sqlite": "DELETE FROM {table};",
    "postgresql": (
        "ALTER TABLE domain DROP CONSTRAINT domain_{table}_id_fkey; DELETE FROM {table};"
    ),
    "mysql": "SET foreign_key_checks = 0; DELETE FROM {table};",
}


def store_names(connection: Connection, names: list[str]) -> None:
    """Store a row for each name, numbered from 1, each with a provider named by its number."""
    for number, name in enumerate(names, 1):
        provider = {"id": number, "name": f"{number}", "short_name": "x"}
        connection.execute(schema.provider.insert(), provider)
        row = {"id": number, "name": name, "provider_id": number}
        connection.execute(schema.domain.insert(), row)
    advance_sequence(connection, schema.domain)


def key_of(one: Diagnostic) -> str:
    """Return the id of the row."""
    assert isinstance(one.location, RowLocation)
    return one.location.key


def planned(connection: Connection, wanted: Catalog) -> tuple[list[str], int]:
    """Write a catalog; return the keys of the reported rows and the number of differing domains."""
    reported: list[Diagnostic] = []
    with TargetContent(wanted) as listed:
        change = Change(connection, listed)
        pairs = sum(old != new for old, new in change.pairs(reported.append))
        write(change)
    return [key_of(one) for one in reported], pairs


TWINS = [
    # names, the number of the served one
    (["Example.COM", "example.com"], 2),
    (["example.com", "Example.COM"], 1),
    (["EXAMPLE.com", "Example.com"], 1),
    (["example.com.", "EXAMPLE.com", "Example.com"], 2),
    (["*.Example.COM", "*.example.com"], 2),
    (["*.EXAMPLE.com", "*.Example.com"], 1),
]
FORMS = [
    (["bücher.example", "xn--bcher-kva.example"], 2),
    (["bücher.example", "XN--BCHER-KVA.example"], 2),
    (["bücher.example"], 1),
    (["*.bücher.example", "*.xn--bcher-kva.example"], 2),
    (["example.com.", "example.com"], 2),
    (["example.com.", "*.example.com"], 2),
    (["example.com."], None),
    ([" example.com"], None),
    (["not a domain", "example.com"], 2),
    (["", "a..b", "-", "192.0.2.1", "mail.*.com", "x@y", "exa\u2028mple.com"], None),
]


# In MariaDB names are unique without case.
@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(("names", "served"), TWINS, ids=str)
def test_rows_of_the_same_domain(engine: Engine, names: list[str], served: int) -> None:
    """Of rows that differ in case the lower-case one is served, else the oldest."""
    check_one(engine, names, served)


@pytest.mark.parametrize(("names", "served"), FORMS, ids=str)
def test_forms(engine: Engine, names: list[str], served: int | None) -> None:
    """A-labels come before U-labels; a name that no lookup finds is not a domain."""
    check_one(engine, names, served)


def check_one(engine: Engine, names: list[str], served: int | None) -> None:
    """Compare lookup, export, check and plan for rows if at most one of them is served."""
    others = [f"{number}" for number in range(1, len(names) + 1) if number != served]
    with write_transaction(engine) as connection:
        store_names(connection, names)
    chosen = "example.com" if served is None else names[served - 1].lower()
    found = SqlStore(engine).find(DomainName.parse(chosen.replace("*", "www")))
    with read_connection(engine) as connection:
        catalog = read_catalog(connection)
        # The domains of these rows have no services, which is a separate finding.
        other = ("uppercase", "mail service")
        found_problems = list(check_rows(connection))
        seen = [
            key_of(one) for one in found_problems if not any(text in one.detail for text in other)
        ]
        left_out: list[Diagnostic] = []
        with open_catalog(connection, on_unused_row=left_out.append):
            pass

    assert catalog.domains == (() if served is None else (found,))
    assert served is None or (found is not None and found.provider.name == f"{served}")
    assert seen == [key_of(one) for one in left_out] == others
    with write_transaction(engine) as connection:
        assert planned(connection, catalog) == (others, 0)
        assert planned(connection, catalog) == ([], 0)
        kept = connection.execute(sa.select(schema.domain.c.id)).scalars().all()
        assert kept == ([] if served is None else [served])
        assert read_catalog(connection).domains == catalog.domains


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("last", ["example.com", "EXAMPLE.com"])
def test_rows_of_the_same_domain_far_apart(engine: Engine, last: str) -> None:
    """Rows for the same domain are found together, with any number of rows between them."""
    with write_transaction(engine) as connection:
        store_names(connection, ["Example.com"])
        others = [{"name": f"d{n}.example", "provider_id": 1} for n in range(CHUNK + 5)]
        connection.execute(schema.domain.insert(), others)
        connection.execute(schema.provider.insert(), {"id": 2, "name": "2", "short_name": "x"})
        connection.execute(schema.domain.insert(), {"name": last, "provider_id": 2})
        catalog = read_catalog(connection)
        expected = "2" if last == "example.com" else "1"

        (one,) = (one for one in catalog.domains if one.pattern.text == "example.com")
        assert one.provider.name == expected
        assert len(planned(connection, catalog)[0]) == 1
        assert read_catalog(connection).domains == catalog.domains


LABELS = st.sampled_from(["a", "A", "bücher", "BÜCHER", "xn--bcher-kva", "Xn--Bcher-kva", "*"])
NAMES = st.one_of(
    st.builds("{}{}.x{}".format, st.sampled_from(["", "*.", " "]), LABELS, st.sampled_from(".,")),
    st.builds("{}{}.x".format, st.sampled_from(["", "*."]), LABELS),
    st.just("*"),
)


@pytest.fixture(name="empty_database", scope="module")
def _empty_database() -> Iterator[Engine]:
    """Yield a database with all tables, which tests copy."""
    engine = open_engine("sqlite://")
    upgrade(engine)
    yield engine
    engine.dispose()


def copy_of(database: Engine) -> Engine:
    """Return a new database in memory with the content of another one."""
    engine = open_engine("sqlite://")
    with closing(database.raw_connection()) as source, closing(engine.raw_connection()) as target:
        assert isinstance(source.driver_connection, sqlite3.Connection)
        assert isinstance(target.driver_connection, sqlite3.Connection)
        source.driver_connection.backup(target.driver_connection)
    return engine


@pytest.mark.slow
@given(names=st.lists(NAMES, unique=True, max_size=12))
def test_what_is_served_is_exported(empty_database: Engine, names: list[str]) -> None:
    """For any stored names, an export equals the lookups, and writing it does not change them."""
    engine = copy_of(empty_database)
    with write_transaction(engine) as connection:
        store_names(connection, names)
    before = served(engine)
    with write_transaction(engine) as connection:
        catalog = read_catalog(connection)
        assert before == set(catalog.domains)
        reported, pairs = planned(connection, catalog)
        assert (len(reported) + len(catalog.domains), pairs) == (len(names), 0)
        assert planned(connection, catalog) == ([], 0)
    assert served(engine) == before
    engine.dispose()


def served(engine: Engine) -> set[Domain]:
    """Return every entry that a lookup can find."""
    store = SqlStore(engine)
    asked = [f"{prefix}{name}" for prefix in ("", "b.") for name in ("a.x", "bücher.x", "x", "y")]
    return {one for name in asked if (one := store.find(DomainName.parse(name)))}


PATTERNS = ["example.com", "*.example.net", "*"]
ASKED = {"example.com": "example.com", "a.example.net": "example.net", "other.example": "*"}


def test_missing_provider(engine: Engine, database: Database) -> None:
    """Domains whose provider is missing are exported as served, with a provider of their name."""
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog(tuple(domain(pattern) for pattern in PATTERNS)))
    database.client(LOSING[database.dialect].format(table="provider"))
    store = SqlStore(engine)
    found = [store.find(DomainName(name)) for name in ASKED]
    with read_connection(engine) as connection:
        catalog = read_catalog(connection)
        assert not is_empty(connection)

    assert list(catalog.domains) == found
    assert [one.provider.name for one in catalog.domains] == list(ASKED.values())
    assert catalog.unused_providers == ()
    with write_transaction(engine) as connection:
        assert planned(connection, catalog) == ([], 0)
    assert [store.find(DomainName(name)) for name in ASKED] == found


def test_missing_provider_and_only_add(engine: Engine, database: Database) -> None:
    """With only_add such a domain does not change: it gets no service and no provider."""
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog((domain("example.com"),)))
    database.client(LOSING[database.dialect].format(table="provider"))
    more = domain("example.com", host_service(), url_service())
    wanted = Catalog((more, domain("new.example")))
    for _ in range(2):
        with write_transaction(engine) as connection, TargetContent(wanted) as listed:
            change = Change(connection, listed, only_add=True)
            pairs = list(change.pairs())
            write(change)
    with read_connection(engine) as connection:
        old, new = read_catalog(connection).domains

    assert pairs == []
    assert (old.provider, new.provider) == (Provider("example.com", "example.com"), more.provider)
    assert old.services == domain().services


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_missing_service_and_only_add(engine: Engine, database: Database) -> None:
    """A link to a missing service does not get a new one, whose id SQLite chooses."""
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog((domain("example.com"),)))
    database.client("DELETE FROM server WHERE type = 'smtp';")
    new = domain("new.example", host_service("pop3"))
    with write_transaction(engine) as connection, TargetContent(Catalog((new,))) as listed:
        change = Change(connection, listed, only_add=True)
        assert len(list(change.pairs())) == 1
        write(change)
    with read_connection(engine) as connection:
        catalog = read_catalog(connection)

    assert catalog.domains == (domain("example.com", host_service()), new)


@pytest.mark.parametrize("only_add", [False, True])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_reused_id(engine: Engine, database: Database, only_add: bool) -> None:
    """A new domain does not get the services of a removed one, whose id SQLite gives again."""
    old, removed, new = domain(), domain("z.example", url_service()), domain("new.example")
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog((old, removed)))
    database.client("DELETE FROM domain WHERE name = 'z.example';")
    with write_transaction(engine) as connection, TargetContent(Catalog((old, new))) as listed:
        change = Change(connection, listed, only_add=only_add)
        assert list(change.pairs()) == [(None, new)]
        write(change)
    with read_connection(engine) as connection:
        assert read_catalog(connection).domains == (old, new)


def test_missing_directory(engine: Engine, database: Database) -> None:
    """A domain whose directory is missing is served and exported without one."""
    pointing = Domain(domain().pattern, domain().provider, domain().services, DirectoryPolicy(LDAP))
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog((pointing,), (LDAP,)))
    database.client(LOSING[database.dialect].format(table="ldapserver"))
    with read_connection(engine) as connection:
        catalog = read_catalog(connection)

    assert catalog.domains == (domain(),)
    assert SqlStore(engine).find(DomainName("example.com")) == domain()


def test_unused_rows_can_be_kept(engine: Engine) -> None:
    """If rows that no answer uses are kept, others are written and these do not change."""
    idle = {"id": 77, "name": "idle.example", "port": 993, "type": "imap", "socket_type": "SSL"}
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog((domain("a.example"),)))
        provider_id = connection.execute(sa.select(schema.provider.c.id)).scalar_one()
        bad = {"name": "not a domain", "provider_id": provider_id}
        connection.execute(schema.domain.insert(), bad)
        login = {"user_name": "", "authentication": "plain"}
        connection.execute(schema.server.insert(), idle | login)
        connection.execute(schema.server.insert(), idle | login | {"id": 78, "type": "INVALID"})
        link = {"server_id": 78, "domain_id": 1}
        domain_id = connection.execute(sa.select(sa.func.min(schema.domain.c.id))).scalar_one()
        connection.execute(schema.server_domain.insert(), link | {"domain_id": domain_id})
        catalog = read_catalog(connection)
        more = Catalog((*catalog.domains, domain("b.example")))
        write_catalog(connection, more, keep_unused=True)

        names = connection.execute(sa.select(schema.domain.c.name)).scalars().all()
        assert set(names) == {"a.example", "not a domain", "b.example"}
        assert {77, 78} <= set(connection.execute(sa.select(schema.server.c.id)).scalars())
        kept = sa.select(schema.server_domain.c.domain_id).where(
            schema.server_domain.c.server_id == 78
        )
        assert connection.execute(kept).scalars().all() == [domain_id]
        reported, pairs = planned(connection, more)
        assert (len(reported), pairs) == (3, 0)
        assert planned(connection, more) == ([], 0)
        assert set(connection.execute(sa.select(schema.server.c.id)).scalars()).isdisjoint({77, 78})
        purge(connection)
        assert is_empty(connection)
