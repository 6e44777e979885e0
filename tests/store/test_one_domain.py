"""Change one domain in a database, and leave all other rows as they are."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from tests.admin.cases import ROOT
from tests.making import PROVIDER, domain, host_service, url_service
from waypost.admin.facade import Admin
from waypost.admin.source import AdminSource
from waypost.core.address import DomainName
from waypost.core.errors import ConfirmationNeeded, InvalidObject
from waypost.core.model import (
    Catalog,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    LdapServer,
    Provider,
    Redirect,
    Secret,
    SqlDirectory,
    UnknownUser,
)
from waypost.database.engine import Connection, Engine, read_connection, write_transaction
from waypost.settings import Settings
from waypost.store.sql import schema
from waypost.store.sql.row_check import check_rows
from waypost.store.sql.rows.pinned_pacc import PinnedRows
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import read_catalog, write_catalog
from waypost.store.sql.sync.diff import Change, TargetContent
from waypost.store.sql.sync.domain_set import DomainSet
from waypost.store.sql.sync.service_rows import COMPARED_DOMAINS

LDAP = LdapServer(42, "ldap.example.com", 636, True, "dc=x", "(mail={0})", "uid")
SQL = SqlDirectory("people", Secret("sqlite:///people.sqlite"), "SELECT 1 AS login_name")
OTHER = Provider("Other", "Other")
PLAIN = domain("plain.example")
CALENDARS = Domain(
    DomainPattern("calendars.example"),
    OTHER,
    (host_service(), host_service("smtp", "send.example.com"), url_service()),
    DirectoryPolicy(LDAP, UnknownUser.DECLINE, show_display_name=True),
)
PEOPLE = replace(
    domain("people.example"), provider=Provider("People", "People"), users=DirectoryPolicy(SQL)
)
STORED = (PLAIN, domain("*.plain.example"), CALENDARS, PEOPLE)
DIRECTORIES = (LDAP, SQL)

Tried = Callable[[Admin], object]


def admin_of(engine: Engine) -> Admin:
    """Return the use cases of a database, without limits."""
    return Admin(AdminSource(Settings(db_uri="sqlite://"), engine), ROOT)


def put(engine: Engine, *domains: Domain) -> None:
    """Write domains as the whole content."""
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog(domains, DIRECTORIES))


def set_by_provider(engine: Engine, pattern: str, provider: str) -> None:
    """Set the provider of a domain."""
    admin_of(engine).put_domain(pattern, {"provider": provider})


def set_like(engine: Engine, pattern: str, model: str) -> None:
    """Set a domain like another one."""
    admin_of(engine).copy_domain(pattern, model)


def remove(engine: Engine, pattern: str) -> None:
    """Remove a domain."""
    admin_of(engine).delete_domain(pattern)


def differences(engine: Engine, wanted: Sequence[Domain]) -> list[object]:
    """Return what `waypost apply` would change, and what `waypost db check` finds."""
    with (
        read_connection(engine) as connection,
        TargetContent(Catalog(tuple(wanted), DIRECTORIES)) as target,
    ):
        return [*Change(connection, target).pairs(), *check_rows(connection)]


def other_rows(connection: Connection, name: str) -> list[object]:
    """Return all rows except those of one domain."""
    own = sa.select(schema.domain.c.id).where(schema.domain.c.name == name).scalar_subquery()
    queries = [sa.select(schema.domain).where(schema.domain.c.name != name)]
    queries += [
        sa.select(links).where(links.c.domain_id.not_in(own))
        for links in (schema.server_domain, schema.davserver_domain)
    ]
    queries.append(sa.select(schema.provider))
    return [sorted(map(tuple, connection.execute(query)), key=str) for query in queries]


@pytest.mark.parametrize("pattern", ["new.example", "*.new.example", "*"])
@pytest.mark.parametrize("model", STORED[1:], ids=lambda one: one.provider.name)
def test_new_domain(engine: Engine, pattern: str, model: Domain) -> None:
    """A new domain or pattern gets provider, services and directory; other rows do not change."""
    put(engine, *STORED)
    with read_connection(engine) as connection:
        before = other_rows(connection, pattern)
    set_by_provider(engine, pattern, model.provider.name)

    new = replace(model, pattern=DomainPattern(pattern))
    assert differences(engine, (*STORED, new)) == []
    assert SqlStore(engine).find(DomainName("a.new.example" if "*" in pattern else pattern)) == new
    with read_connection(engine) as connection:
        assert other_rows(connection, pattern) == before


@pytest.mark.parametrize("name", ["plain.example", "people.example"])
def test_changed_domain(engine: Engine, name: str) -> None:
    """A stored domain changes completely; services that no domain has any more are removed."""
    put(engine, *STORED)
    set_like(engine, name, "calendars.example")

    changed = replace(CALENDARS, pattern=DomainPattern(name))
    rest = [one for one in STORED if one.pattern.text != name]
    assert differences(engine, (*rest, changed)) == []


def test_changed_again(engine: Engine) -> None:
    """Setting the same again changes no row."""
    put(engine, *STORED)
    set_like(engine, "new.example", "people.example")
    with read_connection(engine) as connection:
        before = other_rows(connection, "")
    set_by_provider(engine, "new.example", "People")
    with read_connection(engine) as connection:
        assert other_rows(connection, "") == before


@pytest.mark.parametrize(
    "before",
    [
        replace(domain("own.example"), alias_of="plain.example"),
        replace(domain("own.example"), redirect=Redirect()),
    ],
    ids=["alias", "declined"],
)
def test_redirect_and_alias_end(engine: Engine, before: Domain) -> None:
    """A domain that was an alias or declined is served like its model."""
    put(engine, *STORED, before)
    set_like(engine, "own.example", "plain.example")
    assert differences(engine, (*STORED, domain("own.example"))) == []


@pytest.mark.parametrize("removed", STORED, ids=lambda one: one.pattern.text)
def test_removed_domain(engine: Engine, removed: Domain) -> None:
    """A removed domain leaves no row that nothing uses, except providers and directories."""
    put(engine, *STORED)
    remove(engine, removed.pattern.text)
    assert differences(engine, [one for one in STORED if one is not removed]) == []
    with read_connection(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count(schema.provider.c.id))) == 3


def test_pinned_document_stays(engine: Engine) -> None:
    """The pinned PACC document of a domain stays, as in `waypost apply`."""
    put(engine, *STORED)
    PinnedRows(engine).pin(DomainName("plain.example"), b"{}")
    set_like(engine, "plain.example", "people.example")
    assert PinnedRows(engine).all() == {"plain.example": b"{}"}


@pytest.mark.parametrize("is_set", [True, False])
def test_other_spellings(engine: Engine, is_set: bool) -> None:
    """The served spelling is renamed, and rows for the same domain that are not served go."""
    put(engine, PLAIN)
    with write_transaction(engine) as connection:
        row = connection.execute(sa.select(schema.domain)).mappings().one()
        names = ("XN--BCHER-KVA.example", "bücher.example")
        twins = [{"name": name, "provider_id": row["provider_id"]} for name in names]
        connection.execute(schema.domain.insert(), twins)
        pattern = DomainPattern("xn--bcher-kva.example")
        assert len(DomainSet(connection, [pattern]).unused_rows(pattern)) == 1
    if is_set:
        set_like(engine, "xn--bcher-kva.example", "plain.example")
        assert differences(engine, (PLAIN, domain("xn--bcher-kva.example"))) == []
    else:
        remove(engine, "xn--bcher-kva.example")
        assert differences(engine, (PLAIN,)) == []


def test_reused_id(sqlite_engine: Engine) -> None:
    """A new domain does not get the services of a removed row, whose id SQLite gives again."""
    put(sqlite_engine, *STORED, replace(CALENDARS, pattern=DomainPattern("z.example")))
    # Without foreign keys, which are off by default.
    with closing(sqlite3.connect(f"{sqlite_engine.url.database}")) as connection, connection:
        connection.execute("DELETE FROM domain WHERE name = 'z.example'")
    set_by_provider(sqlite_engine, "new.example", PROVIDER.name)
    assert SqlStore(sqlite_engine).find(DomainName("new.example")) == domain("new.example")


def put_by_provider(name: str, admin: Admin) -> object:
    return admin.put_domain("own.example", {"provider": name})


REFUSED: list[tuple[Tried, str]] = [
    (partial(put_by_provider, name), rule)
    for name, rule in (
        ("Missing", "provider: the database has no provider 'Missing'"),
        ("example inc.", "provider: the database has no provider"),
        ("Alone", "has no other domain whose services can be used"),
        ("Mixed", "b.example and a.example have different services"),
    )
]
REFUSED += [
    (lambda admin: admin.copy_domain("own.example", "missing.example"), "no domain missing"),
    (lambda admin: admin.copy_domain("own.example", "alias.example"), "use plain.example"),
    (lambda admin: admin.copy_domain("own.example", "gone.example"), "is not served itself"),
]


@pytest.mark.parametrize(("change", "rule"), REFUSED, ids=[rule for _, rule in REFUSED])
def test_no_model(engine: Engine, change: Tried, rule: str) -> None:
    """A provider or a domain that cannot be a model is refused, with what to do instead."""
    alone, mixed = Provider("Alone", "Alone"), Provider("Mixed", "Mixed")
    put(
        engine,
        *STORED,
        replace(domain("own.example"), provider=alone),
        replace(domain("gone.example"), provider=alone, redirect=Redirect("new.example")),
        replace(domain("alias.example"), alias_of="plain.example"),
        replace(domain("a.example", host_service()), provider=mixed),
        replace(domain("b.example"), provider=mixed),
    )
    with pytest.raises(InvalidObject, match=rule):
        change(admin_of(engine))


def test_only_the_newest_domains_are_compared(engine: Engine) -> None:
    """An old domain with other services does not prevent a change; it may be one of very many."""
    names = [f"d{number}.example" for number in range(COMPARED_DOMAINS)]
    put(engine, domain("a.example", host_service()), *map(domain, names))
    set_by_provider(engine, "new.example", PROVIDER.name)
    assert SqlStore(engine).find(DomainName("new.example")) == domain("new.example")


ALIASES = [
    # The domains, the changed one, and whether an alias depends on it.
    (("own.example",), "own.example", True),
    (("*.example",), "*.example", True),
    (("*",), "*", True),
    (("*.example", "own.example"), "*.example", False),
    (("own.example",), "other.example", False),
    # A new domain takes over what a pattern matched.
    (("*.example",), "own.example", True),
]


@pytest.mark.parametrize(("names", "changed", "is_refused"), ALIASES)
def test_aliases(engine: Engine, names: tuple[str, ...], changed: str, is_refused: bool) -> None:
    """A domain does not change if an alias has its services, and would keep the old ones."""
    alias = replace(domain("alias.test"), alias_of="own.example")
    put(engine, *map(domain, names), alias)
    change = {"provider": PROVIDER.name, "services": [{"type": "imap", "host": "x.example"}]}
    admin = admin_of(engine)
    if is_refused:
        with pytest.raises(ConfirmationNeeded, match=r"also changes 1 alias of ") as caught:
            admin.put_domain(changed, change)
        assert caught.value.affected == ("alias.test",)
    admin.put_domain(changed, change, confirm=True)
    follows = SqlStore(engine).find(DomainName("alias.test"))
    assert follows is not None
    assert (len(follows.services) == 1) is is_refused


SPELLINGS = ["own.example.", "Own.Example."]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", ["own.example", "*.example"])
def test_alias_of_written_by_sql(engine: Engine, spelling: str, name: str) -> None:
    """An alias counts in each spelling that is served, such as one with a final dot."""
    put(engine, domain(name), replace(domain("alias.test"), alias_of="own.example"))
    with write_transaction(engine) as connection:
        connection.execute(
            schema.domain.update()
            .where(schema.domain.c.name == "alias.test")
            .values(alias_of=spelling)
        )
    assert SqlStore(engine).find(DomainName("alias.test")) is not None
    change = {"provider": PROVIDER.name, "services": [{"type": "imap", "host": "x.example"}]}
    with pytest.raises(ConfirmationNeeded) as caught:
        admin_of(engine).put_domain(name, change)
    assert caught.value.affected == ("alias.test",)


def test_alias_itself(engine: Engine) -> None:
    """An alias can be removed."""
    put(engine, PLAIN, replace(domain("alias.test"), alias_of="plain.example"))
    remove(engine, "alias.test")
    with read_connection(engine) as connection:
        assert read_catalog(connection).domains == (PLAIN,)
