"""The statements and URIs of the pages about database engines work with real servers."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT
from tests.servers.mariadb import MariaDb
from tests.servers.postgresql import PostgreSql
from tests.store.test_downgrade import rich_catalog
from waypost.database.engine import open_engine, read_connection, write_transaction
from waypost.store.sql.migrate import status, upgrade
from waypost.store.sql.sync.catalog import read_catalog, write_catalog

pytestmark = pytest.mark.servers
PAGES: Final = ROOT / "docs" / "engines"
# The role and the database of the pages; the servers of the tests have others of this name.
NAME: Final = "newcomer"


def statements(page: Path) -> str:
    """Return the statements that create the user and the database."""
    found: str
    (found,) = re.findall(r"<<'SQL'\n(.*?)\n    SQL\n", page.read_text("utf-8"), re.DOTALL)
    return found.replace("waypost", NAME)


def uri_in(page: Path, place: str) -> str:
    """Return a URI of the table, by the beginning of its first cell."""
    found: str
    (found,) = re.findall(
        rf"^\| {place}[^|]*\| `([^`]+)` \|", page.read_text("utf-8"), re.MULTILINE
    )
    assert "CHANGE-ME" in found
    return found.replace("waypost", NAME)


def check(uri: str) -> None:
    """Create the tables as the new user, fill them, and read them again."""
    engine = open_engine(uri)
    upgrade(engine)
    with write_transaction(engine) as connection:
        write_catalog(connection, rich_catalog())
    assert status(engine).is_current
    with read_connection(engine) as connection:
        read = read_catalog(connection)
    engine.dispose()
    assert {one.pattern.text for one in read.domains} >= {"example.com"}


def test_postgresql(postgresql_server: PostgreSql) -> None:
    """The role of the page owns its database, and connects with its password."""
    page = PAGES / "postgresql.md"
    postgresql_server.sql(statements(page))
    try:
        uri = uri_in(page, "another machine")
        check(uri.replace("db.example.com:5432", f"127.0.0.1:{postgresql_server.port}"))
    finally:
        postgresql_server.sql(f"DROP DATABASE {NAME} WITH (FORCE)")
        postgresql_server.sql(f"DROP ROLE {NAME}")


def test_mariadb(mariadb_server: MariaDb) -> None:
    """The user of the page may create tables in its database, and connects by the socket."""
    page = PAGES / "mariadb.md"
    mariadb_server.sql(statements(page))
    try:
        uri = uri_in(page, "this machine")
        check(uri.replace("/run/mysqld/mysqld.sock", f"{mariadb_server.socket}"))
    finally:
        mariadb_server.sql(f"DROP DATABASE {NAME}")
        mariadb_server.sql(f"DROP USER '{NAME}'@'localhost'")
