"""One domain from the database: its match, the meaning of its rows, and errors."""

import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.making import domain, host_service, url_service
from tests.servers.database import Database
from tests.servers.mariadb import MariaDb
from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.core.model import (
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    Catalog,
    HostEndpoint,
    ServiceType,
    UrlEndpoint,
)
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.store.sql import schema
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import purge, write_catalog

PATTERNS = ["example.com", "*.example.com", "*.b.example.com", "*.com", "*"]


def fill(engine: Engine, catalog: Catalog) -> SqlStore:
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog)
    return SqlStore(engine)


def execute(engine: Engine, statement: str) -> None:
    with write_transaction(engine) as connection:
        connection.execute(sa.text(statement.replace(":", r"\:")))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("example.com", "example.com"),
        ("a.example.com", "*.example.com"),
        ("a.b.example.com", "*.b.example.com"),
        ("b.example.com", "*.example.com"),
        ("other.com", "*.com"),
        ("example.org", "*"),
    ],
)
def test_match(engine: Engine, asked: str, expected: str) -> None:
    """An exact entry comes first, then the longest suffix, then the star."""
    store = fill(engine, Catalog(tuple(domain(pattern) for pattern in PATTERNS)))
    found = store.find(DomainName.parse(asked))

    assert found is not None
    assert found.pattern.text == expected


def test_no_match(engine: Engine) -> None:
    """A domain without a match is None."""
    store = fill(engine, Catalog((domain("example.com"),)))

    assert store.find(DomainName("example.org")) is None


@pytest.mark.parametrize("stored", ["Example.COM", "example.com", "EXAMPLE.com"])
def test_stored_in_any_case(engine: Engine, stored: str) -> None:
    """A name that was stored with capitals is found."""
    store = fill(engine, Catalog((domain("example.com"),)))
    execute(engine, f"UPDATE domain SET name = '{stored}'")  # noqa: S608

    assert store.find(DomainName("example.com")) is not None


def test_stored_as_u_label(engine: Engine) -> None:
    """A name that was stored with U-labels is found, also after a star."""
    store = fill(engine, Catalog((domain("example.com"),)))
    execute(engine, "UPDATE domain SET name = 'bücher.example'")
    assert store.find(DomainName("xn--bcher-kva.example")) is not None
    execute(engine, "UPDATE domain SET name = '*.bücher.example'")
    assert store.find(DomainName("a.xn--bcher-kva.example")) is not None
    assert store.find(DomainName("xn--bcher-kva.example")) is None


def test_round_trip_of_a_domain(engine: Engine) -> None:
    """A domain is read as it was written, in the same order."""
    wanted = domain(
        "example.com",
        host_service("imap", authentication=(OAUTH2, PASSWORD_CLEARTEXT)),
        host_service("pop3", "pop.example.com", 110, "starttls", priority=3),
        host_service("smtp", "smtp.example.com", 25, "none", login_name=None),
        url_service(),
    )

    assert fill(engine, Catalog((wanted,))).find(DomainName("example.com")) == wanted


EXPLAIN = {
    "sqlite": ("EXPLAIN QUERY PLAN", "USING INDEX ix_domain_name_lower"),
    "postgresql": ("EXPLAIN", "Index Cond: (lower((name)::text)"),
    "mysql": ("EXPLAIN", "'type': 'range'"),
}


def test_index_is_used(engine: Engine, database: Database) -> None:
    """Each engine's plan for the statement of a lookup uses an index on the name."""
    store = fill(engine, Catalog((domain("d7.example"),)))
    many = [{"name": f"D{number}.test", "provider_id": 1} for number in range(5000)]
    with write_transaction(engine) as connection:
        connection.execute(schema.domain.insert(), many)
    engine.echo = True  # Then SQLAlchemy executes the statement, and has its events.
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *event: asked.append(str(event[2])))
    given: list[Any] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *event: given.append(event[3]))
    store.find(DomainName("d7.example"))
    engine.echo = False
    explain, index = EXPLAIN[database.dialect]
    with write_transaction(engine) as connection:
        if database.dialect != "sqlite":
            analyze = (
                "ANALYZE domain" if database.dialect == "postgresql" else "ANALYZE TABLE domain"
            )
            connection.exec_driver_sql(analyze)
        found = connection.exec_driver_sql(f"{explain} {asked[0]}", given[0]).mappings().all()
    plan = [str(dict(row)) for row in found]

    assert any(index in line for line in plan), plan
    assert not any("Seq Scan on domain" in line or "SCAN domain" in line for line in plan), plan
    if database.dialect == "mysql":
        assert any(row["table"] == "domain" and row["key"] == "name" for row in found), plan


@pytest.mark.servers
def test_old_statistics_of_mariadb(mariadb_server: MariaDb) -> None:
    """MariaDB reads only the links of the domain, also before it has statistics of new links."""
    engine = open_engine(mariadb_server.uri(mariadb_server.fresh()))
    upgrade(engine)
    execute(engine, "ALTER TABLE server_domain STATS_AUTO_RECALC=0")
    execute(engine, "ALTER TABLE davserver_domain STATS_AUTO_RECALC=0")
    services = (host_service(), url_service())
    store = fill(engine, Catalog(tuple(domain(f"d{n}.example", *services) for n in range(500))))
    store.find(DomainName("d0.example"))
    read = sa.text("SHOW SESSION STATUS LIKE 'Handler_read%'")
    with read_connection(engine) as connection:
        before = sum(int(row[1]) for row in connection.execute(read))
    store.find(DomainName("d7.example"))
    with read_connection(engine) as connection:
        rows = sum(int(row[1]) for row in connection.execute(read)) - before
    engine.dispose()

    assert rows < 100


SERVER = (
    "UPDATE server SET type='{type}', socket_type='{socket_type}', port={port}, name='{name}',"
    " authentication='{authentication}' WHERE type='imap'"
)
GOOD_ROW = {
    "type": "imap",
    "socket_type": "SSL",
    "port": 993,
    "name": "imap.example.com",
    "authentication": "plain",
}
READ = [
    # columns -> type, host, port, security, method
    ({}, ("imap", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
    ({"type": "pop"}, ("pop3", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
    ({"type": "POP3"}, ("pop3", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
    ({"type": " Imap "}, ("imap", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
    ({"socket_type": "ssl"}, ("imap", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
    (
        {"socket_type": "starttls"},
        ("imap", "imap.example.com", 993, "starttls", PASSWORD_CLEARTEXT),
    ),
    ({"socket_type": "plain"}, ("imap", "imap.example.com", 993, "none", PASSWORD_CLEARTEXT)),
    ({"socket_type": "Auto"}, ("imap", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
    (
        {"socket_type": "Auto", "port": 143},
        ("imap", "imap.example.com", 143, "starttls", PASSWORD_CLEARTEXT),
    ),
    ({"name": "  IMAP.Example.com "}, ("imap", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
    ({"name": "192.0.2.1"}, ("imap", "192.0.2.1", 993, "tls", PASSWORD_CLEARTEXT)),
    (
        {"name": "mail_1.example.com"},
        ("imap", "mail_1.example.com", 993, "tls", PASSWORD_CLEARTEXT),
    ),
    (
        {"name": "mail.%EMAILDOMAIN%"},
        ("imap", "mail.%EMAILDOMAIN%", 993, "tls", PASSWORD_CLEARTEXT),
    ),
    ({"authentication": "NTLM"}, ("imap", "imap.example.com", 993, "tls", NTLM)),
    ({"authentication": "oauth2"}, ("imap", "imap.example.com", 993, "tls", OAUTH2)),
    ({"authentication": "odd"}, ("imap", "imap.example.com", 993, "tls", PASSWORD_CLEARTEXT)),
]


@pytest.mark.parametrize(("change", "expected"), READ)
def test_tolerant_reading(
    engine: Engine, change: dict[str, object], expected: tuple[object, ...]
) -> None:
    """Values of automx2's operators are read with the meaning that they had."""
    store = fill(engine, Catalog((domain("example.com"),)))
    execute(engine, SERVER.format(**(GOOD_ROW | change)))
    found = store.find(DomainName("example.com"))
    assert found is not None
    service = next(one for one in found.services if one.type is not ServiceType.SMTP)

    assert isinstance(service.endpoint, HostEndpoint)
    got = (service.type, service.endpoint.host, service.endpoint.port, service.endpoint.security)
    assert expected == (*map(str, got[:2]), got[2], str(got[3]), service.authentication[0])


@pytest.mark.parametrize(
    "change",
    [
        {"type": "INVALID"},
        {"type": "caldav"},
        {"port": 0},
        {"port": 65536},
        {"port": -1},
        {"name": ""},
        {"name": "   "},
        {"name": "imap example com"},
        {"name": "imap\nexample"},
    ],
)
def test_row_that_makes_no_sense(engine: Engine, change: dict[str, object]) -> None:
    """An invalid row is left out and logged once; the others are served."""
    store = fill(engine, Catalog((domain("example.com"),)))
    execute(engine, SERVER.format(**(GOOD_ROW | change)))
    with capture_logs() as lines:
        store.find(DomainName("example.com"))
        found = store.find(DomainName("example.com"))

    assert found is not None
    assert [service.type for service in found.services] == [ServiceType.SMTP]
    assert [(line["event"], line["table"], line["id"]) for line in lines] == [
        ("invalid row ignored; run `waypost db check`", "server", 1)
    ]


DAV = [
    # url, port, use_ssl -> url
    ("https://dav.example.com", 443, 1, "https://dav.example.com"),
    ("https://dav.example.com/x/", 0, 1, "https://dav.example.com/x/"),
    ("https://dav.example.com/x/", 8443, 1, "https://dav.example.com:8443/x/"),
    ("https://dav.example.com:8443/x", 0, 1, "https://dav.example.com:8443/x"),
    ("https://dav.example.com:1/x?y", 8443, 1, "https://dav.example.com:8443/x?y"),
    ("http://dav.example.com", 0, 0, "http://dav.example.com"),
    ("http://[2001:db8::1]/", 8080, 0, "http://[2001:db8::1]:8080/"),
    (" https://dav.example.com/\n", 443, 1, "https://dav.example.com/"),
]


@pytest.mark.parametrize(("url", "port", "use_ssl", "expected"), DAV)
def test_davserver(engine: Engine, url: str, port: int, use_ssl: int, expected: str) -> None:
    """The URL combines two columns of automx2."""
    store = fill(engine, Catalog((domain("example.com", url_service()),)))
    truth = "true" if use_ssl else "false"
    execute(engine, f"UPDATE davserver SET url='{url}', port={port}, use_ssl={truth}")  # noqa: S608
    found = store.find(DomainName("example.com"))

    assert found is not None
    assert found.services[0].endpoint == UrlEndpoint(expected)


ADDRESS_BOOKS = [
    # url, port, use_ssl -> url
    ("ldaps://l.example.com/dc=x??sub", 636, 1, "ldaps://l.example.com/dc=x??sub"),
    ("ldap://l.example.com/dc=x??one", 1389, 0, "ldap://l.example.com:1389/dc=x??one"),
    ("l.example.com/dc=x??sub", 0, 1, "ldaps://l.example.com/dc=x??sub"),
    ("https://l.example.com/", 443, 1, None),
]


@pytest.mark.parametrize(("url", "port", "use_ssl", "expected"), ADDRESS_BOOKS)
def test_address_book(
    engine: Engine, url: str, port: int, use_ssl: int, expected: str | None
) -> None:
    """An LDAP address book is a row of the same table, with a URL and its own method."""
    url_of_all = "ldaps://ldap.example.com/dc=x??sub"
    service = url_service("ldap", url_of_all, authentication=(PASSWORD_CLEARTEXT,))
    store = fill(engine, Catalog((domain("example.com", service),)))
    with read_connection(engine) as connection:
        row = connection.execute(sa.text("SELECT * FROM davserver")).mappings().one()
    assert (row["type"], row["port"], bool(row["use_ssl"])) == ("ldap", 636, True)
    assert row["authentication_methods"] is None
    truth = "true" if use_ssl else "false"
    execute(engine, f"UPDATE davserver SET url='{url}', port={port}, use_ssl={truth}")  # noqa: S608
    found = store.find(DomainName("example.com"))

    assert found is not None
    endpoints = [] if expected is None else [UrlEndpoint(expected)]
    assert [one.endpoint for one in found.services] == endpoints
    assert all(one.authentication == (PASSWORD_CLEARTEXT,) for one in found.services)


@pytest.mark.parametrize(
    "url", ["", "dav example com:x", "ftp://x", "https://", "https://[x", "/dav"]
)
def test_davserver_that_makes_no_sense(engine: Engine, url: str) -> None:
    """A row without an absolute URL is left out."""
    store = fill(engine, Catalog((domain("example.com", url_service()),)))
    execute(engine, f"UPDATE davserver SET url='{url}'")  # noqa: S608
    found = store.find(DomainName("example.com"))

    assert found is not None
    assert found.services == ()


def test_control_characters_in_texts(engine: Engine) -> None:
    """Characters that no document can contain are removed from texts."""
    store = fill(engine, Catalog((domain("example.com"),)))
    execute(engine, "UPDATE provider SET name = 'Ex\x01ample'")
    # PostgreSQL cannot store NUL.
    control = "\x02" if engine.dialect.name == "postgresql" else "\0"
    with write_transaction(engine) as connection:
        connection.execute(sa.text("UPDATE server SET user_name = :n"), {"n": f"{control}alice"})
    found = store.find(DomainName("example.com"))

    assert found is not None
    assert found.provider.name == "Example"
    assert found.services[0].login_name == "alice"


def test_change_by_sql_wins(engine: Engine) -> None:
    """A change of automx2's column `authentication` overrides Waypost's longer list."""
    methods = (OAUTH2, PASSWORD_CLEARTEXT)
    store = fill(engine, Catalog((domain("example.com", host_service(authentication=methods)),)))
    execute(engine, "UPDATE server SET authentication = 'NTLM'")
    found = store.find(DomainName("example.com"))

    assert found is not None
    assert found.services[0].authentication == (NTLM,)


MANUAL = """
INSERT INTO ldapserver (
    id, name, port, use_ssl,
    search_base, search_filter, attr_uid, attr_cn,
    bind_password, bind_user
) VALUES (
    100, 'ldap.example.com', 636, 1,
    'ou=mailusers,dc=example,dc=com', '(mail={0})', 'uid', 'cn',
    'PASSWORD', 'cn=automx2,ou=services,dc=example,dc=com'
);
UPDATE ldapserver SET attr_uid='mail' WHERE id=100;
UPDATE domain SET ldapserver_id=100 WHERE name='example.com';
"""


def test_statements_of_automx2s_manual(engine: Engine, database: Database) -> None:
    """automx2's statements run unchanged, and the domain has its general answer."""
    store = fill(engine, Catalog((domain("example.com"),)))
    before = store.find(DomainName("example.com"))
    # PostgreSQL accepts no number as a boolean, also from automx2's users.
    truth = "true" if database.dialect == "postgresql" else "1"
    database.client(MANUAL.replace("636, 1,", f"636, {truth},"))
    after = store.find(DomainName("example.com"))

    assert before is not None
    assert after is not None
    assert after.users is not None
    assert after.users.directory.label == "ldapserver-100"
    assert after.services == before.services


def test_foreign_keys_are_on(engine: Engine) -> None:
    """A domain cannot refer to a provider that does not exist."""
    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        execute(engine, "INSERT INTO domain (name, provider_id) VALUES ('x', 99)")


def test_readers_do_not_wait(engine: Engine) -> None:
    """A lookup reads the old state while a writer is active."""
    store = fill(engine, Catalog((domain("example.com"),)))
    with write_transaction(engine) as connection:
        purge(connection)
        assert store.find(DomainName("example.com")) is not None
    assert store.find(DomainName("example.com")) is None


def test_write_ahead_log_is_on(sqlite_engine: Engine, path: Path) -> None:
    """Readers do not wait for another program that writes."""
    store = fill(sqlite_engine, Catalog((domain("example.com"),)))
    with closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("BEGIN IMMEDIATE")
        assert store.find(DomainName("example.com")) is not None


def test_many_threads(engine: Engine) -> None:
    """Several threads may query at the same time."""
    store = fill(engine, Catalog(tuple(domain(f"d{number}.example") for number in range(20))))
    found: list[bool] = []

    def work(start: int) -> None:
        for number in range(20):
            name = DomainName(f"d{(start + number) % 20}.example")
            found.append(store.find(name) is not None)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert found == [True] * 160


def test_memory_database_is_one_for_all_threads() -> None:
    """A database in memory is the same for every thread."""
    engine = open_engine("sqlite:///:memory:")
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
    failures: list[Exception] = []

    def work() -> None:
        try:
            execute(engine, "INSERT INTO t VALUES (1)")
        except (StoreError, StoreUnavailable) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    engine.dispose()

    assert failures == []


def test_missing_table(bare: Engine) -> None:
    """The error about a database without tables names the command that creates them."""
    with write_transaction(bare):
        pass  # creates a SQLite file
    with pytest.raises(StoreError, match="run `waypost db upgrade`"):
        SqlStore(bare).find(DomainName("example.com"))


def test_file_that_is_no_database(path: Path) -> None:
    """A file that is not a database is an error that says so."""
    path.write_bytes(b"not a database, but long enough to be read" * 100)
    store = SqlStore(open_engine(f"sqlite:///{path}"))

    with pytest.raises((StoreError, StoreUnavailable), match="not a database"):
        store.find(DomainName("example.com"))
    store.close()


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("nonsense", "not a database URI"),
        ("", "not a database URI"),
        ("gopher://user:s3cret@host/db", "does not support 'gopher'"),
        ("postgresql+psycopg2://user:s3cret@host/db", "pip install '.\\[postgresql\\]'"),
        ("mysql+pymysql://user:s3cret@host/db", "pip install '.\\[mysql\\]'"),
    ],
)
def test_bad_uri(uri: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid URI is one line of advice, and never shows the password."""
    for driver in ("psycopg2", "pymysql"):
        monkeypatch.setitem(sys.modules, driver, None)  # as where it is not installed
    with pytest.raises(StoreError, match=said) as caught:
        open_engine(uri)

    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folder_that_cannot_be_made() -> None:
    """If a folder cannot be created for a new file, the error names the option."""
    engine = open_engine("sqlite:////proc/waypost/db.sqlite")
    with (
        pytest.raises(StoreError, match="folder /proc/waypost cannot be created"),
        write_transaction(engine),
    ):
        pass
    engine.dispose()


def test_folder_is_made(tmp_path: Path) -> None:
    """The folder of a new database is created."""
    engine = open_engine(f"sqlite:///{tmp_path}/a/b/waypost.sqlite")
    with write_transaction(engine) as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
    engine.dispose()

    assert (tmp_path / "a" / "b" / "waypost.sqlite").exists()


def test_domains_share_what_they_have_in_common(engine: Engine) -> None:
    """Domains with the same services share one object, so that a large cache stays small."""
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog((domain("a.example"), domain("b.example"))))
    store = SqlStore(engine)
    one, other = (store.find(DomainName.parse(name)) for name in ("a.example", "b.example"))

    assert one is not None
    assert other is not None
    assert one.services is other.services
    assert one.provider is other.provider
