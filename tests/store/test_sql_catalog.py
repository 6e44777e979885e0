"""Write and read the whole database as one value; unchanged rows keep their ids."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from tests.database.statements import recorded_statements
from tests.making import domain, host_service, url_service
from tests.providers_file.catalogs import catalogs
from waypost.core.address import DomainName
from waypost.core.errors import StoreError
from waypost.core.model import (
    ALL_FORMATS,
    Catalog,
    Directory,
    DirectoryPolicy,
    Domain,
    Format,
    HostEndpoint,
    LdapServer,
    Pop3Options,
    Provider,
    Security,
    UrlEndpoint,
)
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.rows import services as rows
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import is_empty, purge, read_catalog, write_catalog

LDAP = LdapServer(42, "ldap.example.com", 636, True, "dc=x", "(mail={0})", "uid")
IMAP = host_service("imap")
SMTP = host_service("smtp", "smtp.example.com")
POP3 = host_service("pop3", "pop.example.com")


def write(engine: Engine, catalog: Catalog) -> None:
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog)


def read(engine: Engine) -> Catalog:
    with read_connection(engine) as connection:
        return read_catalog(connection)


def table(engine: Engine, name: str) -> list[tuple[object, ...]]:
    with read_connection(engine) as connection:
        found = connection.execute(sa.text(f"SELECT * FROM {name} ORDER BY 1, 2"))  # noqa: S608
        return [tuple(row) for row in found]


def execute(engine: Engine, statement: str) -> None:
    with write_transaction(engine) as connection:
        connection.execute(sa.text(statement))


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    names = ["provider", "server", "davserver", "ldapserver", "domain"]
    names += ["server_domain", "davserver_domain"]
    return {name: table(engine, name) for name in names}


def in_database_order(catalog: Catalog) -> Catalog:
    """Return a catalog in the order of the database: by provider, host-based services first."""
    providers = list(dict.fromkeys(domain.provider for domain in catalog.domains))
    by_provider = sorted(catalog.domains, key=lambda one: providers.index(one.provider))
    domains = tuple(
        Domain(
            one.pattern,
            one.provider,
            tuple(sorted(one.services, key=lambda s: not isinstance(s.endpoint, HostEndpoint))),
            one.users,
            one.redirect,
        )
        for one in by_provider
    )
    idle = dict.fromkeys(p for p in catalog.unused_providers if p not in providers)
    return Catalog(domains, tuple(sorted(catalog.directories, key=_rank)), tuple(idle))


def _rank(directory: Directory) -> tuple[bool, int]:
    """Return a sort key: automx2's servers first, by id; the others in their order."""
    is_old = isinstance(directory, LdapServer)
    return not is_old, directory.id if isinstance(directory, LdapServer) else 0


QUICK = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@pytest.fixture(name="in_memory", scope="module")
def _in_memory() -> Iterator[Engine]:
    """Yield one upgraded database in memory for all examples, because creating tables is slow."""
    engine = open_engine("sqlite://")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.mark.slow
@hypothesis_settings(suppress_health_check=QUICK, deadline=None, max_examples=50)
@given(first=catalogs(), second=catalogs())
def test_what_is_written_comes_back(in_memory: Engine, first: Catalog, second: Catalog) -> None:
    """With any earlier content, reading returns the written catalog, also the second time."""
    with write_transaction(in_memory) as connection:
        purge(connection)
    check_written(in_memory, first, second)


@hypothesis_settings(suppress_health_check=QUICK, deadline=None, max_examples=6)
@given(first=catalogs(), second=catalogs())
def test_what_is_written_comes_back_everywhere(
    engine: Engine, first: Catalog, second: Catalog
) -> None:
    """The same is true on each engine, with few examples, because servers are slow."""
    with write_transaction(engine) as connection:
        purge(connection)
    check_written(engine, first, second)


def check_written(engine: Engine, first: Catalog, second: Catalog) -> None:
    """Write one catalog, then another that replaces it."""
    write(engine, first)
    assert read(engine) == in_database_order(first)
    write(engine, second)
    assert set(read(engine).domains) == set(in_database_order(second).domains)
    assert set(read(engine).unused_providers) == set(in_database_order(second).unused_providers)
    before = everything(engine)
    write(engine, read(engine))
    assert everything(engine) == before


def test_writing_again_changes_nothing(engine: Engine) -> None:
    """Writing the same catalog again executes no statement that writes."""
    catalog = Catalog((domain("example.com", IMAP, SMTP, url_service()), domain("example.net")))
    write(engine, catalog)
    before = everything(engine)
    with recorded_statements(engine) as statements:
        write(engine, catalog)

    assert everything(engine) == before
    assert [one for one in statements if one.startswith(("INSERT", "UPDATE"))] == []


def test_shared_services_are_one_row(engine: Engine) -> None:
    """A service of several domains of a provider is one row, linked to each."""
    write(engine, Catalog(tuple(domain(f"d{n}.example", IMAP, SMTP) for n in range(5))))

    assert len(table(engine, "server")) == 2
    assert len(table(engine, "server_domain")) == 10


def test_partly_shared_services(engine: Engine) -> None:
    """If domains have different services, shared services are still one row, in order."""
    catalog = Catalog(
        (
            domain("a.example", IMAP, SMTP),
            domain("b.example", POP3, SMTP),
            domain("c.example", IMAP, POP3, SMTP),
        )
    )
    write(engine, catalog)

    assert read(engine) == catalog
    assert len(table(engine, "server")) == 3


def test_ids_stay(engine: Engine) -> None:
    """Unchanged rows keep their ids when others are added, changed or removed."""
    write(engine, Catalog((domain("a.example", IMAP, SMTP), domain("b.example", POP3, SMTP))))
    before = everything(engine)
    write(
        engine,
        Catalog((domain("a.example", IMAP, SMTP, url_service()), domain("c.example", POP3, SMTP))),
    )
    after = everything(engine)

    assert after["provider"] == before["provider"]
    assert after["server"] == before["server"]
    assert after["domain"][0] == before["domain"][0]
    assert [row[1] for row in after["domain"]] == ["a.example", "c.example"]
    assert len(after["davserver"]) == 1


def test_new_order_of_services(engine: Engine) -> None:
    """A new order of services is visible in the ids, which are the order."""
    write(engine, Catalog((domain("a.example", IMAP, POP3, SMTP),)))
    write(engine, Catalog((domain("a.example", POP3, IMAP, SMTP),)))

    assert read(engine).domains[0].services == (POP3, IMAP, SMTP)


def test_rows_stay_when_more_of_a_kind_come(engine: Engine) -> None:
    """If domains contradict each other, one more of either changes no existing row."""
    first = (domain("a.example", IMAP, POP3), domain("b.example", POP3, IMAP))
    write(engine, Catalog(first))
    before = everything(engine)
    write(engine, Catalog((*first, domain("c.example", IMAP, POP3))))
    after = everything(engine)

    assert after["server"] == before["server"]
    assert set(before["server_domain"]) < set(after["server_domain"])


def test_unused_row_is_removed(engine: Engine) -> None:
    """The next write removes a service without a domain."""
    write(engine, Catalog((domain("a.example", IMAP, SMTP),)))
    with write_transaction(engine) as connection:
        connection.execute(sa.text("DELETE FROM server_domain"))
    write(engine, Catalog((domain("a.example", IMAP),)))

    assert len(table(engine, "server")) == 1


def test_bind_password_is_kept(engine: Engine) -> None:
    """A catalog without the password keeps the stored one."""
    pointing = Domain(domain().pattern, domain().provider, domain().services, DirectoryPolicy(LDAP))
    secret = LdapServer(42, *LDAP_FIELDS, bind_password="s3cret")
    write(engine, Catalog((pointing,), (secret,)))
    write(engine, Catalog((pointing,), (LDAP,)))

    assert read(engine).directories == (secret,)
    assert read(engine).domains[0].users == DirectoryPolicy(secret)
    assert "s3cret" not in repr(read(engine))


LDAP_FIELDS = (LDAP.name, LDAP.port, LDAP.use_ssl, LDAP.search_base, LDAP.search_filter, "uid")


def test_purge(engine: Engine) -> None:
    """Purging removes all rows."""
    with write_transaction(engine) as connection:
        assert is_empty(connection)
        write_catalog(connection, Catalog((domain(),), (LDAP,), (Provider("Idle", "Idle"),)))
        assert not is_empty(connection)
        purge(connection)
        assert is_empty(connection)

    assert not any(everything(engine).values())


def test_failure_changes_nothing(engine: Engine) -> None:
    """A failure during a write leaves the old state."""
    write(engine, Catalog((domain("a.example"),)))
    before = everything(engine)
    pointing = Domain(domain().pattern, domain().provider, domain().services, DirectoryPolicy(LDAP))

    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        write(engine, Catalog((pointing,)))

    assert everything(engine) == before


LDAP_WITHOUT_ID = (
    "INSERT INTO ldapserver (name, port, use_ssl, search_base, search_filter, attr_uid)"
    " VALUES ('l', 1, false, 'b', 'f', 'u')"
)


def test_engine_numbers_after_a_written_id(engine: Engine) -> None:
    """An LDAP server with a written id does not collide with the next automatic id."""
    write(engine, Catalog((domain(),), (replace(LDAP, id=1), replace(LDAP, id=7))))
    execute(engine, LDAP_WITHOUT_ID)

    assert {row[0] for row in table(engine, "ldapserver")} == {1, 7, 8}


def test_pop3_options_are_kept(engine: Engine) -> None:
    """POP3 options are stored and found, and automx2 can insert rows without them."""
    options = Pop3Options(leave_messages_on_server=True, days_to_leave_messages_on_server=3)
    wanted = Catalog((domain("example.com", replace(POP3, pop3=options)),))

    write(engine, wanted)

    assert read(engine) == wanted
    found = SqlStore(engine).find(DomainName("example.com"))
    assert found is not None
    assert found.services[0].pop3 == options
    columns = "name, port, type, socket_type, user_name, authentication"
    values = "'a.example', 995, 'pop', 'SSL', '', 'plain'"
    with write_transaction(engine) as connection:
        connection.execute(sa.text(f"INSERT INTO server ({columns}) VALUES ({values})"))  # noqa: S608


def test_formats_are_kept(engine: Engine) -> None:
    """Formats of both kinds of services are stored and found; automx2's rows have all."""
    only = frozenset({Format.PACC, Format.DNS})
    services = (
        replace(host_service(), formats=only),
        host_service("smtp"),
        replace(url_service(), formats=frozenset({Format.AUTODISCOVER})),
    )
    wanted = Catalog((domain("example.com", *services),))

    write(engine, wanted)

    assert read(engine) == wanted
    found = SqlStore(engine).find(DomainName("example.com"))
    assert found is not None
    assert found.services == services
    with read_connection(engine) as connection:
        stored = connection.execute(sa.text("SELECT formats FROM server ORDER BY id")).scalars()
        assert list(stored) == ["pacc dns", None]
    # The same services in all formats are different values.
    everywhere = tuple(replace(one, formats=ALL_FORMATS) for one in services)
    write(engine, Catalog((domain("example.com", *everywhere),)))
    found = SqlStore(engine).find(DomainName("example.com"))
    assert found is not None
    assert found.services == everywhere


FORMATS_BY_HAND = [
    # the column, the formats
    (None, ALL_FORMATS),
    ("", ALL_FORMATS),
    (" ", ALL_FORMATS),
    ("x,y", ALL_FORMATS),
    ("DNS", {Format.DNS}),
    ("  pacc   dns pacc ", {Format.PACC, Format.DNS}),
    ("pacc x", {Format.PACC}),
]


@pytest.mark.parametrize(("stored", "formats"), FORMATS_BY_HAND)
def test_formats_by_hand(stored: str | None, formats: frozenset[Format]) -> None:
    """Unknown names are ignored, and a column without names means all formats."""
    row = rows.server_row(host_service(), HostEndpoint("a.example", 993, Security.TLS))
    dav = rows.davserver_row(url_service(), UrlEndpoint("https://a.example/"))

    assert rows.service_from_server({**row, "formats": stored}).formats == formats
    assert rows.service_from_davserver({**dav, "formats": stored}).formats == formats


@pytest.mark.parametrize(
    "stored", ["", "{", "[1]", '{"days": 3}', "null", '{"download_on_biff": []}']
)
def test_pop3_options_by_hand(stored: str) -> None:
    """A value that was written by hand and is not an object of options is ignored."""
    row = rows.server_row(host_service("pop3"), HostEndpoint("a.example", 995, Security.TLS))

    assert rows.service_from_server({**row, "pop3": stored}).pop3 is None
