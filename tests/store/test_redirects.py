"""Domains whose mail is elsewhere, in the database."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.making import domain
from waypost.core.address import DomainName
from waypost.core.model import Catalog, Redirect
from waypost.database.engine import Engine, read_connection, write_transaction
from waypost.store.sql.row_check import check_rows
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import read_catalog, write_catalog
from waypost.store.sql.sync.diff import Change, TargetContent

OLD = DomainName("old.example")
AWAY = [
    None,
    Redirect(),
    Redirect("new.example"),
    Redirect(url="https://a.example/autodiscover.xml"),
]


def catalog(redirect: Redirect | None) -> Catalog:
    return Catalog((domain("example.com"), replace(domain("old.example"), redirect=redirect)))


@pytest.mark.parametrize("redirect", AWAY)
def test_found_and_read(engine: Engine, redirect: Redirect | None) -> None:
    """A written redirect is found by domain name, and read with all other domains."""
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog(redirect))
    store = SqlStore(engine)

    found = store.find(OLD)
    assert found is not None
    assert found.redirect == redirect
    other = store.find(DomainName("example.com"))
    assert other is not None
    assert other.redirect is None
    with read_connection(engine) as connection:
        assert read_catalog(connection) == catalog(redirect)


def test_changing(engine: Engine) -> None:
    """A change from each redirect to each other is one change of one domain."""
    for redirect in [*AWAY, *reversed(AWAY)]:
        with write_transaction(engine) as connection, TargetContent(catalog(redirect)) as wanted:
            pairs = list(Change(connection, wanted).pairs())
        assert len(pairs) <= 2
        with write_transaction(engine) as connection:
            write_catalog(connection, catalog(redirect))
        with write_transaction(engine) as connection, TargetContent(catalog(redirect)) as wanted:
            assert list(Change(connection, wanted).pairs()) == []


@pytest.mark.parametrize(
    ("columns", "redirect"),
    [
        ("declined = TRUE", Redirect()),
        ("declined = TRUE, redirect_address = 'new.example'", Redirect()),
        ("redirect_address = 'new.example', redirect_url = 'https://a/'", Redirect("new.example")),
        ("redirect_address = '', redirect_url = ''", None),
        ("redirect_address = 'NEW.Example.'", Redirect("new.example")),
        ("redirect_address = 'not a domain'", None),
        ("redirect_url = 'http://a.example/'", None),
        ("redirect_url = 'https://a.example/ x'", None),
        ("redirect_url = 'https://[a.example/'", None),
        ("redirect_url = 'https:///autodiscover.xml'", None),
        ("redirect_url = 'https://a.example:x/'", None),
        ("redirect_url = 'https://a.example/ä'", None),
    ],
)
def test_written_by_hand(engine: Engine, columns: str, redirect: Redirect | None) -> None:
    """Of columns filled in by hand the most cautious one is used; invalid ones are ignored."""
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog(None))
        update = f"UPDATE domain SET {columns} WHERE name = 'old.example'"  # noqa: S608
        connection.execute(sa.text(update.replace(":", r"\:")))

    found = SqlStore(engine).find(OLD)
    assert found is not None
    assert found.redirect == redirect
    with write_transaction(engine) as connection:
        effects = [
            one.effect for one in check_rows(connection) if str(one.location).startswith("domain ")
        ]
    says_nothing = redirect is not None or columns.count("''") == 2
    assert effects == ([] if says_nothing else ["served without a redirect"])
