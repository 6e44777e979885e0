"""The printed SQL: its rows are those of a write, on each engine, and each client reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given

from tests.examples import examples
from tests.making import domain, host_service, url_service
from tests.providers_file.catalogs import catalogs
from tests.servers.database import Database
from waypost.core.model import (
    Catalog,
    DirectoryPolicy,
    Documentation,
    Domain,
    FileDirectory,
    LdapServer,
    Provider,
)
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.demo import demo_catalog
from waypost.importers.automx2_seed import read_any
from waypost.store.sql import schema
from waypost.store.sql.dump_sql import sql_statements
from waypost.store.sql.migrate import statements_for_empty, status
from waypost.store.sql.sync.catalog import purge, read_catalog, write_catalog

TESTS = Path(__file__).parents[1]
LDAP = LdapServer(42, "ldap.example.com", 636, True, "dc=x", "(mail={0})", "uid")
FILE = FileDirectory("small", "/etc/waypost/people.csv")
LDAP_WITHOUT_ID = (
    "INSERT INTO ldapserver (name, port, use_ssl, search_base, search_filter, attr_uid)"
    " VALUES ('l', 1, false, 'b', 'f', 'u')"
)
NASTY = Provider(
    'Ö\'Brien "& Söhne" \\ %s :x -- ;',
    "Ö'B\\",
    documentation=(Documentation("https://help.example/", (("de", "Für 'alle' \\ \"%\""),)),),
)


def test_script_fills_a_database(bare: Engine, database: Database) -> None:
    """The statements, run by each engine's client, fill a database with the same catalog."""
    catalog = Catalog(
        (
            Domain(
                domain("a.example").pattern,
                NASTY,
                (host_service("imap"), host_service("smtp", "smtp.example.com"), url_service()),
                DirectoryPolicy(LDAP),
            ),
            Domain(
                domain("b.example").pattern, NASTY, (host_service("pop3"), host_service("smtp"))
            ),
            domain("*"),
        ),
        (LDAP,),
        (Provider("Idle", "Idle"),),
    )
    database.client(statements_for_empty(database.dialect))
    assert status(bare).is_current
    database.client("\n".join(sql_statements(catalog, database.dialect)))
    with read_connection(bare) as connection:
        assert read_catalog(connection) == catalog

    added = domain("new.example", host_service("pop3"), url_service("carddav"))
    more = Catalog((*catalog.domains, added), catalog.directories)
    with write_transaction(bare) as connection:
        write_catalog(connection, more)
        assert set(read_catalog(connection).domains) == set(more.domains)
        # In automx2 the engine chooses the ids of servers.
        connection.execute(sa.text(LDAP_WITHOUT_ID))


def rows(engine: Engine) -> Mapping[str, Sequence[tuple[object, ...]]]:
    """Return the rows of all tables; JSON as text, so that each character counts."""
    found = {}
    with read_connection(engine) as connection:
        for table in schema.metadata.sorted_tables:
            columns = [
                sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column
                for column in table.c
            ]
            asked = sa.select(*columns).order_by(*table.primary_key)
            found[table.name] = [tuple(row) for row in connection.execute(asked)]
    return found


def golden() -> Catalog:
    return read_any(TESTS / "providers_file" / "golden" / "providers.toml").catalog


def seed() -> Catalog:
    return read_any(TESTS / "importers" / "seeds" / "version-2.json").catalog


def nasty() -> Catalog:
    """Return a catalog with quotation marks, a directory of each table, and many domains."""
    many = (replace(domain(f"d{n}.example"), provider=NASTY) for n in range(250))
    users = replace(domain("file.example"), users=DirectoryPolicy(FILE))
    return Catalog((*many, users, domain("*")), (LDAP, FILE), (Provider("Idle", "Idle"),))


@pytest.mark.parametrize("wanted", [golden, seed, nasty, demo_catalog])
def test_rows_are_those_of_a_write(
    engine: Engine, database: Database, wanted: Callable[[], Catalog]
) -> None:
    """The script and a write fill all tables with the same rows, on each engine."""
    catalog = wanted()
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog)
    expected = rows(engine)
    with write_transaction(engine) as connection:
        purge(connection)

    database.client("\n".join(sql_statements(catalog, database.dialect)))

    assert rows(engine) == expected
    assert expected["domain"]


@examples(30)
@given(catalog=catalogs())
def test_rows_of_any_catalog(catalog: Catalog) -> None:
    """The same is true for any catalog, in a database in memory."""
    written, printed = open_engine("sqlite://"), open_engine("sqlite://")
    try:
        with write_transaction(written) as connection:
            schema.metadata.create_all(connection)
            write_catalog(connection, catalog)
        with write_transaction(printed) as connection:
            schema.metadata.create_all(connection)
            for statement in sql_statements(catalog, "sqlite"):
                if statement not in {"BEGIN;", "COMMIT;"}:
                    connection.exec_driver_sql(statement)
        assert rows(printed) == rows(written)
    finally:
        written.dispose()
        printed.dispose()


def test_statements_are_short() -> None:
    """A statement has at most a hundred rows, because every engine limits its length."""
    statements = [one for one in sql_statements(nasty(), "mysql") if "INTO domain " in one]

    assert [one.count("\n") for one in statements] == [100, 100, 52]


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("sqlite", "'Ö''B\\'"), ("postgresql", "'Ö''B\\'"), ("mysql", "'Ö''B\\\\'")],
)
def test_script_quotes_for_its_reader(dialect: str, expected: str) -> None:
    """A quotation mark is doubled for all engines, a backslash only for MySQL."""
    catalog = Catalog(unused_providers=(NASTY,))
    script = "\n".join(sql_statements(catalog, dialect))  # type: ignore[arg-type]

    assert expected in script
