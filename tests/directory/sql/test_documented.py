"""The examples of docs/directories/sql.md, run against their tables."""

from dataclasses import replace

import pytest

from tests.directory.sql.schemas import SCHEMAS
from tests.docs.pages import ROOT, blocks
from tests.servers.database import Database
from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import Catalog, Secret, SqlDirectory, User
from waypost.directory.entries import requested_attributes, user_of
from waypost.directory.sql.source import OpenSqlDirectory
from waypost.lookup.lookup import client_config
from waypost.providers_file.load import read_providers
from waypost.store.memory import MemoryStore

EXAMPLE_COM = DomainName("example.com")
# Domains with a row in some of the tables, but without mailboxes on this server.
NO_DOMAINS = [
    *("old.example", "relayed.example", "ALL", "all", "missing.example"),
    *("old-alias.example", "alias-of-old.example", "alias-of-relayed.example"),
]
ALIASES = {"modoboa", "mailcow"}
NAMELESS = {"dovecot", "sharded"}


def examples() -> dict[str, Catalog]:
    """Return the providers files of the page, by the names of their directories."""
    found = {}
    for block in blocks(ROOT / "docs" / "directories" / "sql.md", "toml"):
        catalog = read_providers(block.text, name=block.name, format="toml").catalog
        (directory,) = catalog.directories
        found[directory.label] = catalog
    return found


EXAMPLES = examples()


def directory_of(catalog: Catalog) -> SqlDirectory:
    """Return the one directory of an example."""
    (directory,) = catalog.directories
    assert isinstance(directory, SqlDirectory)
    return directory


def test_every_example_is_known() -> None:
    """There are tables for each example of the page."""
    assert EXAMPLES.keys() == SCHEMAS.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_example(name: str, database: Database) -> None:
    """The statements of an example find the active users and domains, and no others."""
    if database.dialect not in SCHEMAS[name]:
        return
    database.client(SCHEMAS[name][database.dialect])
    example = directory_of(EXAMPLES[name])
    people = OpenSqlDirectory(replace(example, uri=Secret(database.uri)))
    try:
        entry = people.find(EmailAddress("alice", EXAMPLE_COM))
        assert entry is not None
        user = user_of(entry, requested_attributes(example))
        assert user.login_name == "alice@example.com"
        assert user.display_name == (None if name in NAMELESS else "Alice Example")
        for local_part in ("bob", "room", "missing", "' OR '1'='1"):
            assert people.find(EmailAddress(local_part, EXAMPLE_COM)) is None
            assert people.find(EmailAddress("alice", DomainName("example.org"))) is None
        if example.domains_query is not None:
            assert people.has_domain(EXAMPLE_COM)
            assert people.has_domain(DomainName("alias.example")) == (name in ALIASES)
            assert people.has_domain(DomainName("half-relayed.example")) == (name == "mailcow")
            assert not [one for one in NO_DOMAINS if people.has_domain(DomainName.parse(one))]
    finally:
        people.close()


def test_alias_logs_in_as_its_mailbox(database: Database) -> None:
    """An alias with one target has the target's login name; an alias with two has none."""
    database.client(SCHEMAS["postfixadmin-domains"][database.dialect])
    example = directory_of(EXAMPLES["postfixadmin-domains"])
    people = OpenSqlDirectory(replace(example, uri=Secret(database.uri)))
    found = people.find(EmailAddress("sales", EXAMPLE_COM))
    assert found == {"login": ("alice@example.com",), "display_name": ("Alice Example",)}
    assert people.find(EmailAddress("all", EXAMPLE_COM)) is None
    people.close()


@pytest.mark.parametrize(
    ("local_part", "host"),
    [
        ("alice", "mail2.example.com"),
        ("carol", "mail1.example.com"),
        ("missing", "mail1.example.com"),
    ],
)
def test_host_of_a_mailbox(local_part: str, host: str, database: Database) -> None:
    """An answer has the host from the database if it is allowed, else the default."""
    database.client(SCHEMAS["sharded"][database.dialect])
    catalog = EXAMPLES["sharded"]
    example = directory_of(catalog)
    people = OpenSqlDirectory(replace(example, uri=Secret(database.uri)))
    address = EmailAddress(local_part, EXAMPLE_COM)
    entry = people.find(address)
    people.close()
    user = User() if entry is None else user_of(entry, requested_attributes(example))
    found = MemoryStore(catalog).find(EXAMPLE_COM)
    imap, _ = client_config(found, EXAMPLE_COM, address, user).services
    assert getattr(imap.endpoint, "host", None) == host
    assert imap.login_name == str(address)
