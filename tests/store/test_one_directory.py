"""Single directories in a SQLite file; test_listing.py has each engine."""

from dataclasses import replace
from typing import Any

import pytest

from tests.making import domain
from waypost.core.model import (
    Catalog,
    Directory,
    DirectoryPolicy,
    FileDirectory,
    LdapServer,
    Secret,
    SqlDirectory,
)
from waypost.database.engine import Connection, Engine, read_connection, write_transaction
from waypost.store.sql.sync.catalog import write_catalog
from waypost.store.sql.sync.one_directory import (
    count_users_of,
    forget_secret,
    remove_directory,
    stored_directory,
    write_directory,
)

LDAP = LdapServer(4, "l.example", 636, True, "dc=x", "(mail={0})", "uid", bind_password="geheim")
OTHER_LDAP = replace(LDAP, id=5)
SQL = SqlDirectory("people", Secret("sqlite:///people.sqlite"), "SELECT 1 AS login")
OTHER_SQL = replace(SQL, label="staff")
FILE = FileDirectory("file", "/etc/waypost/users.csv")
ALL = (LDAP, OTHER_LDAP, SQL, OTHER_SQL, FILE)


@pytest.fixture(name="stored")
def _stored(sqlite_engine: Engine) -> Engine:
    """Return a database with five directories; one domain uses LDAP, and two use SQL."""
    users: dict[str, Directory] = {"a.example": LDAP, "b.example": SQL, "c.example": SQL}
    domains = [
        replace(domain(name), users=DirectoryPolicy(directory)) for name, directory in users.items()
    ]
    with write_transaction(sqlite_engine) as connection:
        write_catalog(connection, Catalog((*domains, domain("d.example")), ALL))
    return sqlite_engine


def others(connection: Connection, without: Directory) -> list[Directory | None]:
    """Return the other directories, as they are stored."""
    return [stored_directory(connection, one.label) for one in ALL if one.label != without.label]


def test_unknown_label(stored: Engine) -> None:
    """A label is compared exactly; there is no directory with a similar one."""
    with read_connection(stored) as connection:
        for label in ("", "People", "people ", "ldapserver-6", "4", "x\0"):
            assert stored_directory(connection, label) is None


def test_domains_that_use_it(stored: Engine) -> None:
    """A domain counts for its own directory, also if automx2's table has the same id."""
    with read_connection(stored) as connection:
        assert [count_users_of(connection, one) for one in ALL] == [1, 0, 2, 0, 0]


@pytest.mark.parametrize(
    ("changed", "unknown"),
    [
        (replace(LDAP, search_base="dc=y"), {"bind_password": None}),
        (replace(SQL, query="SELECT 2 AS login"), {"uri": Secret(None)}),
    ],
    ids=["LDAP", "SQL"],
)
def test_secret_that_is_not_known(
    stored: Engine, changed: LdapServer | SqlDirectory, unknown: dict[str, Any]
) -> None:
    """A change without the secret keeps the stored one, and changes no other directory."""
    with write_transaction(stored) as connection:
        write_directory(connection, replace(changed, **unknown))
        assert stored_directory(connection, changed.label) == changed
        assert others(connection, changed) == [one for one in ALL if one.label != changed.label]


def test_one_secret_is_forgotten(stored: Engine) -> None:
    """The secret of one directory goes, and those of the others stay."""
    with write_transaction(stored) as connection:
        for directory, key in ((LDAP, "bind_password"), (SQL, "uri")):
            before = others(connection, directory)
            forget_secret(connection, directory)
            assert not getattr(stored_directory(connection, directory.label), key)
            assert others(connection, directory) == before


def test_one_is_removed(stored: Engine) -> None:
    """A directory is removed alone, and can be written again."""
    with write_transaction(stored) as connection:
        for directory in (OTHER_LDAP, OTHER_SQL, FILE):
            remove_directory(connection, directory)
            assert stored_directory(connection, directory.label, lock=True) is None
            assert None not in others(connection, directory)
            write_directory(connection, directory)
            assert stored_directory(connection, directory.label) == directory
