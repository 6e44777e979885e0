"""Directories in the database: written, found with their domains, and damaged by hand."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.making import EXAMPLE_COM, domain
from tests.servers.database import Database
from waypost.core.model import (
    AttributeRule,
    Catalog,
    Directory,
    DirectoryLimits,
    DirectoryPolicy,
    FileDirectory,
    LdapDirectory,
    LdapServer,
    Secret,
    SqlDirectory,
    UnknownUser,
)
from waypost.database.engine import Engine, read_connection, read_snapshot, write_transaction
from waypost.store.sql.dump_sql import sql_statements
from waypost.store.sql.migrate import statements_for_empty
from waypost.store.sql.row_check import check_rows
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import read_catalog, write_catalog

RULES = (AttributeRule("mailHost", ("a", "b"), None, "a"), AttributeRule("x", None, "[a-z]+"))
LDAP = LdapDirectory(
    "people",
    ("ldaps://l.example",),
    "dc=x",
    attr_cn=None,
    bind_password=Secret("s3cret ü'\"\\"),
    rules=RULES,
)
SQL = SqlDirectory(
    "mailserver",
    Secret("postgresql://u:p@h/d"),
    "SELECT username AS login\nFROM mailbox WHERE username = :address AND domain LIKE '%x'",
    limits=DirectoryLimits(0.5, 1.5, 9, 5.0),
)
FILE = FileDirectory("small", "/etc/waypost/people.csv")
OLD = LdapServer(7, "ldap.example", 636, True, "dc=x", "(mail={0})", "uid", None)
# MariaDB would replace this id by the next free one, and no sequence of PostgreSQL begins with it.
ZERO = replace(OLD, id=0)
EVERY: tuple[Directory, ...] = (ZERO, OLD, LDAP, SQL, FILE)


def write(engine: Engine, catalog: Catalog) -> None:
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog)


def read(engine: Engine) -> Catalog:
    with read_snapshot(engine) as connection:
        return read_catalog(connection)


@pytest.mark.parametrize("directory", EVERY, ids=lambda one: one.label)
@pytest.mark.parametrize("policy", [UnknownUser.ANSWER, UnknownUser.DECLINE])
def test_found_with_its_domain(engine: Engine, directory: Directory, policy: UnknownUser) -> None:
    """A domain is found with the whole configuration of its directory."""
    users = DirectoryPolicy(directory, policy, show_display_name=policy is UnknownUser.DECLINE)
    entry = replace(domain(), users=users)
    write(engine, Catalog((entry,), EVERY))

    assert SqlStore(engine).find(EXAMPLE_COM) == entry
    assert read(engine) == Catalog((entry,), EVERY)


def test_secrets_are_kept(engine: Engine) -> None:
    """A catalog without a secret keeps the stored one; a file or variable replaces it."""
    write(engine, Catalog((), (LDAP, SQL)))
    unknown = replace(LDAP, bind_password=Secret()), replace(SQL, uri=Secret())
    write(engine, Catalog((), unknown))
    assert read(engine).directories == (LDAP, SQL)

    elsewhere = replace(LDAP, bind_password=Secret(file="/password"))
    write(engine, Catalog((), (elsewhere, SQL)))
    assert read(engine).directories == (elsewhere, SQL)
    with read_connection(engine) as connection:
        stored = connection.execute(sa.text("SELECT secret FROM directory")).scalars().all()
    assert set(stored) == {None, SQL.uri.value}


def test_directories_come_and_go(engine: Engine) -> None:
    """A label keeps its id, and directories that are not wanted are removed."""
    pointing = replace(domain(), users=DirectoryPolicy(SQL))
    write(engine, Catalog((pointing,), (LDAP, SQL)))
    changed = replace(SQL, query="SELECT a AS login FROM b WHERE c = :address")
    write(engine, Catalog((replace(domain(), users=DirectoryPolicy(changed)),), (changed, FILE)))

    catalog = read(engine)
    assert catalog.directories == (changed, FILE)
    assert catalog.domains[0].users == DirectoryPolicy(changed)
    write(engine, Catalog((domain(),)))
    assert read(engine) == Catalog((domain(),))


def test_script_holds_directories(bare: Engine, database: Database) -> None:
    """The statements for an empty database create the same directories."""
    domains = [domain(f"d{n}.example") for n in range(len(EVERY))]
    pointing = (
        replace(one, users=DirectoryPolicy(e)) for one, e in zip(domains, EVERY, strict=True)
    )
    catalog = Catalog(tuple(pointing), EVERY)
    database.client(statements_for_empty(database.dialect))
    database.client("\n".join(sql_statements(catalog, database.dialect)))

    assert read(bare) == catalog


def test_a_directory_with_the_id_0_alone(engine: Engine) -> None:
    """The id 0 is stored as it is, also when no other row has an id."""
    catalog = Catalog((), (ZERO,))
    write(engine, catalog)
    assert read(engine) == catalog


def test_a_limit_that_is_no_more_is_left_out(engine: Engine) -> None:
    """A row with the old second time to live is read without it."""
    limited = replace(FILE, limits=DirectoryLimits(ttl_seconds=5))
    write(engine, Catalog((replace(domain(), users=DirectoryPolicy(limited)),), (limited,)))
    with write_transaction(engine) as connection:
        new, old = '"ttl_seconds": 5', '"negative_ttl_seconds": 7, "ttl_seconds": 5'
        connection.execute(
            sa.text("UPDATE directory SET options = REPLACE(options, :new, :old)"),
            {"new": new, "old": old},
        )
        options = connection.execute(sa.text("SELECT options FROM directory")).scalar_one()

    assert old in options
    assert read(engine).directories == (limited,)


BROKEN = [
    # the statement, a part of the finding
    ("UPDATE directory SET kind = 'nis'", "kind 'nis' is not known"),
    ("UPDATE directory SET options = 'x'", "options are not in Waypost's format"),
    ("UPDATE directory SET options = '[]'", "options are not in Waypost's format"),
    ("UPDATE directory SET options = '{\"x\": 1}'", "options are not in Waypost's format"),
    ("DELETE FROM directory", "which does not exist"),
]


@pytest.mark.parametrize(("statement", "problem"), BROKEN)
def test_broken_rows(engine: Engine, statement: str, problem: str) -> None:
    """A domain with an invalid directory is served without one, and the check reports it."""
    write(engine, Catalog((replace(domain(), users=DirectoryPolicy(FILE)),), (FILE,)))
    with write_transaction(engine) as connection:
        connection.execute(sa.text(statement))

    with capture_logs() as lines, read_connection(engine) as connection:
        store = SqlStore(engine)
        assert store.find(EXAMPLE_COM) == domain()
        assert store.find(EXAMPLE_COM) == domain()
        problems = [one.detail for one in check_rows(connection)]
    assert read(engine).domains == (domain(),)
    assert any(problem in one for one in problems)
    assert len(lines) == (0 if "DELETE" in statement else 1)
