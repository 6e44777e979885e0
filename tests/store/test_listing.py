"""Lists of domains, and single rows of providers and directories, on each engine."""

from dataclasses import replace

from tests.making import PROVIDER, domain, host_service, url_service
from waypost.core.model import (
    Catalog,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    LdapServer,
    Provider,
    Secret,
    SqlDirectory,
)
from waypost.database.engine import Engine, read_connection, write_transaction
from waypost.store.sql.listing import (
    FEW,
    DomainFilter,
    domains_of_provider,
    labels_in_use,
    list_domains,
    provider_ids,
    used_provider_ids,
)
from waypost.store.sql.sync.catalog import write_catalog
from waypost.store.sql.sync.one_directory import (
    count_users_of,
    forget_secret,
    remove_directory,
    stored_directory,
    write_directory,
)
from waypost.store.sql.sync.one_provider import (
    count_domains_of,
    lock_provider,
    provider_rows,
    remove_provider,
    write_provider,
)

LDAP = LdapServer(4, "l.example", 636, True, "dc=x", "(mail={0})", "uid", bind_password="geheim")
SQL = SqlDirectory("people", Secret("sqlite:///people.sqlite"), "SELECT 1 AS login")
OTHER = Provider("Other", "Other")
SMALL = (
    replace(domain("b-c.example"), users=DirectoryPolicy(LDAP)),
    replace(domain("b.example", url_service(url="https://DAV.example:8443/x")), provider=OTHER),
    replace(domain("bc.example"), users=DirectoryPolicy(SQL)),
    domain("*.b.example", host_service(host="IMAP.example")),
)


def names(engine: Engine, wanted: DomainFilter, size: int = 2) -> list[str]:
    """Return the names of a list that is read in parts."""
    found: list[str] = []
    after = ""
    with read_connection(engine) as connection:
        while True:
            part, key = list_domains(connection, wanted, after, size)
            found += [one.pattern.text for one in part]
            if key is None:
                return found
            assert key > after or connection.dialect.name == "mysql"
            after = key


def put(engine: Engine, *domains: Domain) -> None:
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog(domains, (LDAP, SQL)))


def test_filters(engine: Engine) -> None:
    """Every filter finds its domains, in one order on each engine."""
    put(engine, *SMALL)
    everything = names(engine, DomainFilter())
    assert sorted(everything) == ["*.b.example", "b-c.example", "b.example", "bc.example"]
    assert names(engine, DomainFilter(), 100) == everything
    assert sorted(names(engine, DomainFilter("b"))) == sorted(everything[1:])
    assert names(engine, DomainFilter("b-")) == ["b-c.example"]
    assert names(engine, DomainFilter(provider="Other")) == ["b.example"]
    assert names(engine, DomainFilter(provider="other")) == []
    assert names(engine, DomainFilter(provider="x\0\udcff")) == []
    assert names(engine, DomainFilter(host="dav.example")) == ["b.example"]
    assert names(engine, DomainFilter(host="imap.example")) == ["*.b.example"]
    assert names(engine, DomainFilter(host="av.example")) == []
    patterns = (DomainPattern("*.b.example"), DomainPattern("bc.example"))
    assert names(engine, DomainFilter(domains=patterns)) == ["*.b.example", "bc.example"]
    assert names(engine, DomainFilter(domains=(DomainPattern("*"),))) == everything
    with read_connection(engine) as connection:
        assert labels_in_use(connection, DomainFilter()) == {"ldapserver-4", "people"}
        assert labels_in_use(connection, DomainFilter(provider="Other")) == set()
        assert labels_in_use(connection, DomainFilter(provider="Absent")) == set()
        (other,) = provider_ids(connection, "Other")
        assert used_provider_ids(connection, DomainFilter("b.")) == {other}
        assert used_provider_ids(connection, DomainFilter(provider="Absent")) == set()


def test_many_domains(sqlite_engine: Engine) -> None:
    """A filter that many domains meet gives the same list as one that few meet."""
    many = [domain(f"d{number:04}.example") for number in range(FEW + 5)]
    put(sqlite_engine, *many, *SMALL)
    expected = [one.pattern.text for one in many]
    assert names(sqlite_engine, DomainFilter("d", PROVIDER.name), 400) == expected
    host = many[0].services[0].endpoint.host  # type: ignore[union-attr]
    assert names(sqlite_engine, DomainFilter("d", host=host), 400) == expected
    with read_connection(sqlite_engine) as connection:
        (number,) = provider_ids(connection, PROVIDER.name)
        parts = list(domains_of_provider(connection, number, 500))
        assert [len(part) for part in parts] == [500, 500, 8]


def test_providers(engine: Engine) -> None:
    """A provider is written, counted and removed alone."""
    put(engine, *SMALL)
    with write_transaction(engine) as connection:
        new = write_provider(connection, Provider("New", "N"), None)
        write_provider(connection, Provider("Newer", "N"), new)
        lock_provider(connection, new)
        rows = {row.provider.name: row.id for row in provider_rows(connection)}
        assert rows.keys() == {PROVIDER.name, "Other", "Newer"}
        assert count_domains_of(connection, rows[PROVIDER.name]) == 3
        assert count_domains_of(connection, new) == 0
        remove_provider(connection, new)
        assert [row.id for row in provider_rows(connection, [new])] == []


def test_directories(engine: Engine) -> None:
    """A directory of either table is written, counted, and removed alone."""
    put(engine, *SMALL)
    with write_transaction(engine) as connection:
        for directory, secret in ((LDAP, "geheim"), (SQL, Secret("sqlite:///people.sqlite"))):
            stored = stored_directory(connection, directory.label, lock=True)
            assert stored == directory
            assert count_users_of(connection, directory) == 1
            key = "uri" if isinstance(directory, SqlDirectory) else "bind_password"
            assert getattr(stored, key) == secret
            forget_secret(connection, directory)
            assert not getattr(stored_directory(connection, directory.label), key)
        for new in (replace(LDAP, id=9), replace(SQL, label="new")):
            write_directory(connection, new)
            assert stored_directory(connection, new.label) == new
            assert count_users_of(connection, new) == 0
            remove_directory(connection, new)
            assert stored_directory(connection, new.label) is None
