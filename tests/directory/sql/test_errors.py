"""Errors of another database: one line that names the option, without secrets."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.directory.sql.conftest import ALICE, QUERY, WRONG, Opened, configured, quick, said
from tests.directory.sql.schemas import SCHEMAS
from tests.servers.database import Database
from tests.servers.database_server import PASSWORD
from tests.servers.mariadb import MariaDb
from tests.servers.postgresql import PostgreSql
from tests.servers.waypost import free_port
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryError
from waypost.directory.sql.connect import open_read_only_engine, query_connection
from waypost.directory.sql.errors import SqlMessage, first_safe_line

DRIVERS = [
    pytest.param("psycopg", marks=pytest.mark.servers),
    pytest.param("psycopg2", marks=pytest.mark.servers),
    pytest.param("pymysql", marks=pytest.mark.servers),
]
Uri = Callable[..., str]


@pytest.fixture(name="uri", params=DRIVERS)
def _uri(request: pytest.FixtureRequest) -> Uri:
    """Return a function that builds the URI of PostfixAdmin's tables, with changed parts."""
    server: PostgreSql | MariaDb
    if request.param == "pymysql":
        server = request.getfixturevalue("mariadb_server")
        name = server.fresh()
        server.sql(SCHEMAS["postfixadmin"]["mysql"], name)
    else:
        server = request.getfixturevalue("postgresql_server")
        name = server.fresh()
        request.getfixturevalue("postgresql_server").sql(
            SCHEMAS["postfixadmin"]["postgresql"], name, "waypost"
        )

    def make(**change: str) -> str:
        uri = server.tcp_uri(
            change.get("database", name), request.param, change.get("password", PASSWORD)
        )
        place = f"{change.get('host', '127.0.0.1')}:{change.get('port', server.port)}"
        return uri.replace(f"127.0.0.1:{server.port}", place).replace(
            "//waypost:", f"//{change.get('user', 'waypost')}:"
        )

    return make


def test_each_driver_by_port(uri: Uri, opened: Opened) -> None:
    """Each driver connects over a port, with a password."""
    people = opened(uri())
    assert people.find(ALICE) == {
        "login": ("alice@example.com",),
        "display_name": ("Alice Example",),
    }
    assert people.find(EmailAddress("\u0436", DomainName("example.com"))) is None
    assert people.has_domain(DomainName("example.com"))


NO_CONNECTION = [
    # the mistake, the message
    ({"password": WRONG}, "check the user and the password in uri"),
    ({"user": "missing"}, "check the user and the password in uri"),
    ({"database": "waypost_missing"}, "check the name of the database in uri"),
    ({"port": "closed"}, "check the host and the port in uri, and that the server runs"),
    ({"host": "nosuch.invalid"}, "check the host and the port in uri, and that the server runs"),
]


@pytest.mark.parametrize(("change", "text"), NO_CONNECTION, ids=str)
def test_no_connection(uri: Uri, opened: Opened, change: dict[str, str], text: str) -> None:
    """If a connection fails, the error says why and what to do."""
    if change.get("port") == "closed":
        change = {"port": str(free_port())}
    line = said(opened(uri(**change)))
    assert line.startswith("directory people: ")
    assert line.endswith(f"; {text}")


def test_host_that_swallows_packets(uri: Uri, opened: Opened) -> None:
    """A host that never answers fails after the time limit for connections."""
    people = opened(uri(host="192.0.2.1", port="9"), limits=quick())  # RFC 5737: unused
    start = time.monotonic()
    assert "check the host and the port in uri" in said(people)
    assert time.monotonic() - start < 60  # the system itself would wait for two minutes


MISTAKES = [
    # query, message
    ("SELECT login FROM nosuch WHERE a = :address", "check the names of tables and columns"),
    (
        "SELECT nosuch AS login FROM mailbox WHERE username = :address",
        "check the names of tables and columns",
    ),
    ("SELECT username AS login FROM mailbox WHER username = :address", "correct the statement"),
    ("SELECT username AS login FROM mailbox WHERE username = :adress", ":adress is not known"),
]


@pytest.mark.parametrize(("query", "text"), MISTAKES)
def test_mistakes_in_statements(
    postfixadmin: Database, opened: Opened, query: str, text: str
) -> None:
    """If the database rejects a statement, the error says so and names the option."""
    with pytest.raises(DirectoryError) as caught:
        opened(postfixadmin.uri, query=query).find(ALICE)
    assert str(caught.value).startswith("directory people: query: ")
    assert text in str(caught.value)
    domains = re.sub(":address", ":domain", query)
    with pytest.raises(DirectoryError) as caught:
        opened(postfixadmin.uri, domains_query=domains).has_domain(ALICE.domain)
    assert str(caught.value).startswith("directory people: domains_query: ")


@pytest.mark.servers
def test_address_in_an_error(postgresql_server: PostgreSql, opened: Opened) -> None:
    """If a database repeats the address in its error, Waypost's message does not."""
    uri = postgresql_server.uri(postgresql_server.fresh())
    for query in (
        "SELECT CAST(:address AS integer) AS login",
        "SELECT CAST(:local_part AS integer) AS login",
    ):
        assert "correct the statement" in said(opened(uri, query=query))


def test_hidden_texts() -> None:
    """Only the password and the address are removed from a driver's message."""
    url = sa.make_url("postgresql://u:pa55@h/d?sslpassword=k3y&sslmode=require")
    text = "no 'a', \"a@b.example\" and a; pa55 or k3y with require\nHINT: more"
    expected = "no '...', \"...\" and a; *** or *** with require"
    assert first_safe_line(text, url, ("a@b.example", "a", "b.example")) == expected


def test_no_right(uri: Uri, opened: Opened, request: pytest.FixtureRequest) -> None:
    """If the user may not read a table, the error names the missing right."""
    if "mysql" in uri():
        request.getfixturevalue("mariadb_server").sql(
            "CREATE DATABASE IF NOT EXISTS other; CREATE TABLE IF NOT EXISTS other.t (a INT);"
            "CREATE OR REPLACE TABLE other.u (a INT);"
            "GRANT SELECT ON other.t TO 'waypost'@'127.0.0.1';"
        )
        table = "other.u"
    else:
        table = "pg_authid"
    query = f"SELECT 'a' AS login FROM {table} WHERE :address <> ''"  # noqa: S608 -- a test's own
    assert said(opened(uri(), query=query)).endswith("; allow the user in uri to SELECT from it")


@pytest.mark.servers
def test_no_more_connections(
    postgresql_server: PostgreSql, mariadb_server: MariaDb, opened: Opened
) -> None:
    """If a server accepts no more connections, the error says so, and a later query works."""
    postgresql_server.sql("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    mariadb_server.sql("CREATE USER crowded@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1;")
    full = opened(postgresql_server.uri("postgres").replace("waypost@", "crowded@"))
    place = f"mysql://crowded@127.0.0.1:{mariadb_server.port}"
    other = opened(place)
    with query_connection(open_read_only_engine(configured(place)), quick()):
        for people in (full, other):
            assert "let the server accept more connections" in said(people)


def test_lock(tmp_path: Path, opened: Opened) -> None:
    """If another program locks a SQLite file, the error says so after the time limit."""
    path = tmp_path / "mail.sqlite"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.executescript(SCHEMAS["postfixadmin"]["sqlite"])
    writer.execute("BEGIN EXCLUSIVE")
    line = said(opened(f"sqlite:///{path}", limits=quick(0.2)))
    assert line == "directory people: query: database is locked; another process holds a lock"
    writer.close()


@pytest.mark.servers
def test_other_character_set(postgresql_server: PostgreSql, opened: Opened) -> None:
    """An address that the database cannot encode has no user, and other addresses are found."""
    postgresql_server.sql(
        "CREATE DATABASE latin OWNER waypost ENCODING 'LATIN1' TEMPLATE template0 "
        "LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    postgresql_server.sql(SCHEMAS["postfixadmin"]["postgresql"], "latin", "waypost")
    people = opened(postgresql_server.uri("latin"))
    for local_part in ("\u0436", "\u00e4", "\U0001f600"):
        assert people.find(EmailAddress(local_part, ALICE.domain)) is None
    assert people.find(ALICE) is not None
    named = "SELECT 'J\u00e4ger' AS login FROM mailbox WHERE username = :address"
    assert opened(postgresql_server.uri("latin"), query=named).find(ALICE) == {
        "login": ("J\u00e4ger",)
    }


def test_no_such_query(sqlite: Path, opened: Opened) -> None:
    """The error says which of the two statements is missing."""
    people = opened(f"sqlite:///{sqlite}", query=None)
    assert said(people) == "directory people: has no query for users, only a domains_query"
    domains = opened(f"sqlite:///{sqlite}", domains_query=None)
    with pytest.raises(DirectoryError, match="people: has no domains_query"):
        domains.has_domain(ALICE.domain)


def test_statement_without_rows(sqlite: Path, opened: Opened) -> None:
    """A statement that returns no rows at all is reported as one that is not a SELECT."""
    people = opened(f"sqlite:///{sqlite}", query="BEGIN")
    assert said(people) == "directory people: query: is not a SELECT; write a SELECT"


def test_closing_twice(sqlite: Path, opened: Opened) -> None:
    """Closing twice does nothing."""
    people = opened(f"sqlite:///{sqlite}", query=QUERY)
    people.close()
    people.close()


def _names(text: str) -> str:
    """Return a message as in the documentation, with its fields in capitals."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: found[1].upper(), text)


def documented(page: str) -> Iterator[str]:
    """Yield the messages in the tables of a page."""
    text = (Path(__file__).parents[3] / page).read_text(encoding="utf-8")
    for found in re.finditer(r"^\| `([^`]+)` \| \S.*\|$", text, re.MULTILINE):
        yield found[1].replace("\\|", "|")


def test_messages_are_documented() -> None:
    """The documentation has each message with its fix, and no other message."""
    from waypost.providers_file.directories.queries import QueryRule

    rules = [_names(rule) for rule in QueryRule]
    messages = [_names(message) for message in SqlMessage]
    others = {
        "there is no [[directory]] with this name",
        "directory NAME has no domains_query",
        "which the database does not support",
        "no KIND mail service for the domains from NAME",
    }
    listed = [one for one in documented("docs/directories/sql.md") if " " in one]
    assert len(listed) == len(set(listed))
    assert set(listed) == {*messages, *rules, *others}
