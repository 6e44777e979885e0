"""Upgrade the database of any release of automx2 in place."""

import pytest
import sqlalchemy as sa

from tests.automx2.old_database import RELEASES, content, execute, make
from waypost.core.address import DomainName
from waypost.core.model import HostEndpoint, Security, ServiceType
from waypost.database.engine import Engine
from waypost.store.sql import schema
from waypost.store.sql.migrate import status, upgrade
from waypost.store.sql.store import SqlStore

CASES = [
    pytest.param(release, revision, id=f"{release}{'-alembic' if revision else ''}")
    for release, known in RELEASES.items()
    for revision in ([False, True] if known else [False])
]

WITHOUT_ID = """
INSERT INTO provider (name, short_name) VALUES ('New', 'New');
INSERT INTO domain (name, provider_id) SELECT 'new.example', id FROM provider WHERE name = 'New';
INSERT INTO server (name, port, type, socket_type, user_name, authentication)
    VALUES ('imap.new.example', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain');
INSERT INTO server_domain (server_id, domain_id) SELECT server.id, domain.id FROM server, domain
    WHERE server.name = 'imap.new.example' AND domain.name = 'new.example';
"""
DAV_WITHOUT_ID = """
INSERT INTO davserver (url, port, type, use_ssl, domain_required)
    VALUES ('https://new.example', 0, 'caldav', TRUE, FALSE);
INSERT INTO davserver_domain (davserver_id, domain_id) SELECT davserver.id, domain.id
    FROM davserver, domain WHERE url = 'https://new.example' AND domain.name = 'new.example';
"""


@pytest.mark.parametrize(("release", "revision"), CASES)
def test_nothing_is_lost(bare: Engine, release: str, revision: bool) -> None:
    """Every row keeps its id and every value, and automx2's table of revisions stays."""
    make(bare, release, revision=revision)
    before = content(bare)

    assert upgrade(bare).kind == "automx2"

    after = content(bare)
    assert status(bare).is_current
    assert len(before["domain"]) == 5
    for table, rows in before.items():
        kept = [{name: row[name] for name in rows[0]} for row in after[table]]
        assert kept == rows, table
    assert ("alembic_version" in after) is revision


@pytest.mark.parametrize("release", RELEASES)
def test_all_columns_are_there(bare: Engine, release: str) -> None:
    """An old database gets all columns of the code, with automx2's default of prio."""
    make(bare, release)
    upgrade(bare)

    inspector = sa.inspect(bare)
    for table in schema.metadata.sorted_tables:
        made = {column["name"] for column in inspector.get_columns(table.name)}
        assert made == {column.name for column in table.columns}, table.name
    assert {row["prio"] for row in content(bare)["server"]} == {10}


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_served(bare: Engine, release: str) -> None:
    """Domains are answered with all valid services, in automx2's meaning."""
    make(bare, release)
    upgrade(bare)
    store = SqlStore(bare)

    net = store.find(DomainName("example.net"))
    assert net is not None
    assert net.provider.name == "Example & Söhne, Inc."
    endpoints = [one.endpoint for one in net.services if isinstance(one.endpoint, HostEndpoint)]
    assert endpoints == [
        HostEndpoint("smtp.example.com", 587, Security.STARTTLS),
        HostEndpoint("imap.example.com", 993, Security.TLS),
    ]
    directory = None if net.users is None else net.users.directory.label
    assert directory == (None if release == "2019.0" else "ldapserver-5000")
    mixed = store.find(DomainName("mixed-case.example"))
    assert mixed is not None
    assert {service.type for service in mixed.services} == {ServiceType.SMTP, ServiceType.IMAP}
    com = store.find(DomainName("example.com"))
    assert com is not None
    assert len(com.services) == (5 if release.startswith("2021") else 3)
    odd = store.find(DomainName("odd-type.example"))
    assert odd is not None
    assert odd.services == ()


@pytest.mark.parametrize("release", RELEASES)
def test_statements_of_the_old_release_still_work(bare: Engine, release: str) -> None:
    """Rows can be added later with the old release's columns, and get free ids."""
    make(bare, release)
    upgrade(bare)
    execute(
        bare,
        "INSERT INTO provider (id, name, short_name) VALUES (7, 'New', 'New');\n"
        "INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)"
        " VALUES (8, 'new.example.com', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain');\n"
        "INSERT INTO domain (id, name, provider_id) VALUES (9, 'new.example', 7);\n"
        "INSERT INTO server_domain (server_id, domain_id) VALUES (8, 9);\n",
    )
    found = SqlStore(bare).find(DomainName("new.example"))

    assert found is not None
    assert [service.type for service in found.services] == [ServiceType.IMAP]


@pytest.mark.parametrize("release", RELEASES)
def test_rows_without_an_id(bare: Engine, release: str) -> None:
    """Rows can be added with automx2's columns alone, and get ids of the database."""
    make(bare, release)
    upgrade(bare)
    execute(bare, WITHOUT_ID)
    if release.startswith("2021"):
        execute(bare, DAV_WITHOUT_ID)

    found = SqlStore(bare).find(DomainName("new.example"))

    assert found is not None
    kinds = {service.type for service in found.services}
    assert kinds == {ServiceType.IMAP} | ({ServiceType.CALDAV} if "2021" in release else set())


def test_upgrading_again(bare: Engine) -> None:
    """An upgraded database is Waypost's, and a second upgrade changes nothing."""
    make(bare, "2020.0", revision=True)
    upgrade(bare)
    after = content(bare)

    assert upgrade(bare).is_current
    assert content(bare) == after
