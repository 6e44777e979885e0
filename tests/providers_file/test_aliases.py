"""The key `alias_of` of a domain."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import ProvidersError
from waypost.core.model import Catalog, Domain
from waypost.database.engine import open_engine
from waypost.formats import autoconfig
from waypost.lookup.lookup import client_config, directory_query
from waypost.providers_file.load import read_providers, read_providers_path, write_providers
from waypost.providers_file.plan import compare
from waypost.store.memory import MemoryStore
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import read_catalog, write_catalog

FILE = """
[[provider]]
name = "A"
directory = "people"
domains = [
  "example.com",
  { name = "alias.example", alias_of = "Example.COM" },
  { name = "far.example", alias_of = "alias.example" },
  { name = "*.far.example", alias_of = "example.net" },
]
services = [
  { type = "imap", host = "imap.%EMAILDOMAIN%" },
  { type = "smtp", host = "smtp.example.com", login_name = "%EMAILLOCALPART%" },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
]
[provider.webmail]
url = "https://w.example"
login = { url = "https://w.example", username = "%EMAILADDRESS%" }

[[provider]]
name = "B"
domains = ["*.example", "example.net"]
services = [{ type = "jmap", url = "https://jmap.%EMAILDOMAIN%/" }]

[[directory]]
name = "people"
kind = "file"
path = "/people.csv"
"""


def catalog(text: str = FILE) -> Catalog:
    """Read the file."""
    return read_providers(text, name="f", format="toml").catalog


def entry(name: str) -> Domain:
    """Return the entry of a domain."""
    found = MemoryStore(catalog()).find(DomainName.parse(name))
    assert found is not None
    return found


def test_alias_has_the_configuration_of_its_target() -> None:
    """An alias has the provider, the services and the users of the other domain."""
    other, alias, far = map(entry, ("example.com", "alias.example", "far.example"))
    assert (alias.provider, alias.services, alias.users) == (
        other.provider,
        other.services,
        other.users,
    )
    assert (alias.pattern.text, alias.alias_of) == ("alias.example", "example.com")
    assert (far.pattern.text, far.alias_of) == ("far.example", "example.com")
    below = entry("x.far.example")
    assert (below.provider.name, below.alias_of) == ("B", "example.net")


def test_servers_get_the_other_address() -> None:
    """Hosts, URLs, login names and the directory get the other domain; the document its own."""
    address = EmailAddress.parse("Alice@alias.example")
    question = directory_query(entry("alias.example"), address)
    assert question is not None
    assert str(question[1]) == "Alice@example.com"
    config = client_config(entry("alias.example"), address.domain, address)
    assert (str(config.domain), str(config.address)) == ("alias.example", "Alice@alias.example")
    imap, smtp, dav = sorted(config.services, key=lambda one: ["imap", "smtp"].count(one.type) * -1)
    assert getattr(imap.endpoint, "host", "") == "imap.example.com"
    assert (imap.login_name, smtp.login_name) == ("Alice@example.com", "Alice")
    assert getattr(dav.endpoint, "url", "") == "https://dav.example.com/Alice@example.com/"
    document = autoconfig.render(config).decode()
    assert "<domain>alias.example</domain>" in document
    assert "<username>Alice@example.com</username>" in document
    assert "Alice@alias.example" not in document


def test_clients_that_insert_the_address() -> None:
    """Without an address, clients insert only the local part."""
    config = client_config(entry("alias.example"), DomainName.parse("alias.example"), None)
    document = autoconfig.render(config).decode()
    assert "%EMAILLOCALPART%@example.com" in document
    assert "%EMAILADDRESS%" not in document


def test_writing() -> None:
    """A catalog with aliases is written and read back, and the plan names the alias."""
    found = catalog()
    written = write_providers(found, "toml")
    assert written.count("alias_of") == 3
    assert catalog(written) == found
    without = catalog(
        FILE.replace('  { name = "alias.example", alias_of = "Example.COM" },', "").replace(
            'alias_of = "alias.example"', 'alias_of = "example.net"'
        )
    )
    added = compare(without, found)
    assert "domain alias.example (A), alias of example.com" in added.added
    assert "far.example: alias of example.net becomes example.com" in added.changed


def test_database(tmp_path: Path) -> None:
    """A database stores aliases, and finds them; automx2 does not know the column."""
    engine = open_engine(f"sqlite:///{tmp_path}/w.sqlite")
    upgrade(engine)
    found = catalog()
    with engine.begin() as connection:
        write_catalog(connection, found)
        assert compare(read_catalog(connection), found).is_empty
    store = SqlStore(engine)
    alias = store.find(DomainName.parse("alias.example"))
    assert alias is not None
    assert alias.alias_of == "example.com"
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE domain SET alias_of = 'a b' WHERE id > 0"))
    alias = store.find(DomainName.parse("alias.example"))
    assert alias is not None
    assert alias.alias_of is None
    store.close()


P = '[[provider]]\nname = "P"\ndomains = ["a.example", '
MISTAKES = [
    # domains, problem
    ('{ name = "b.example", alias_of = "c.example" }]', "alias_of: c.example is not a domain of"),
    ('{ name = "b.example", alias_of = "b.example" }]', "loop: b.example to b.example; remove"),
    (
        (
            '{ name = "b.example", alias_of = "c.example" }, '
            '{ name = "c.example", alias_of = "b.example" }]'
        ),
        "domains[1].alias_of: alias_of forms a loop: b.example to c.example to b.example; remove",
    ),
    ('{ name = "*", alias_of = "x.example" }]', "alias_of forms a loop: * to *; remove"),
    ('{ name = "b.example", alias_of = "a b" }]', "alias_of: is not a domain"),
    ('{ name = "b.example", alias_of = "*.example" }]', "alias_of: is not a domain"),
    ('{ name = "b.example", alias_of = 1 }]', "alias_of: must be a string, not a whole number"),
    (
        '{ name = "b.example", alias_of = "a.example", declined = true }]',
        "declined: cannot be combined with alias_of",
    ),
    (
        '{ name = "b.example", alias_of = "a.example", unknown_user = "decline" }]',
        "unknown_user: cannot be combined with alias_of",
    ),
]


@pytest.mark.parametrize(("domains", "problem"), MISTAKES)
def test_mistakes(domains: str, problem: str) -> None:
    """A target that is missing, a loop, and keys that the other domain has are refused once."""
    with pytest.raises(ProvidersError) as caught:
        catalog(f"{P}{domains}")
    (found,) = caught.value.problems
    assert problem in found


def test_other_mistakes_do_not_hide_the_target() -> None:
    """A target in a provider with another mistake is not reported as missing."""
    text = f'{P}{{ name = "b.example", alias_of = "c.example" }}]\n'
    text += '[[provider]]\nname = ""\ndomains = ["c.example"]\n'
    with pytest.raises(ProvidersError) as caught:
        catalog(text)
    assert caught.value.problems == (
        "f: provider[1].name: must not be empty (this provider begins on line 4)",
    )


def test_target_in_a_file(tmp_path: Path) -> None:
    """A domain of a `domains_file` can have an alias."""
    (tmp_path / "list.txt").write_text("x.example\nc.example\n", encoding="utf-8")
    text = f'{P}{{ name = "b.example", alias_of = "c.example" }}]\n'
    text += '[[provider]]\nname = "F"\ndomains_file = "list.txt"\n'
    path = tmp_path / "f.toml"
    path.write_text(text, encoding="utf-8")
    found = {one.pattern.text: one for one in read_providers_path(path).catalog.domains}
    assert list(found) == ["a.example", "x.example", "c.example", "b.example"]
    assert (found["b.example"].provider.name, found["b.example"].alias_of) == ("F", "c.example")
