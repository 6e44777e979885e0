"""What goes wrong with another database: one line that names the option, and no secret."""

import gc
import os
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.directory.sql.conftest import QUERY, Opened, configured, quick
from tests.directory.sql.schemas import SCHEMAS
from tests.servers.database import Database
from tests.servers.mariadb import MariaDb
from tests.servers.postgresql import PASSWORD, PostgreSql
from tests.servers.waypost import free_port
from waypost.address import DomainName, EmailAddress
from waypost.directory.sql.complaints import clean
from waypost.directory.sql.connecting import open_reading_engine, questioning
from waypost.directory.sql.messages import Message
from waypost.directory.sql.source import OpenSqlDirectory
from waypost.errors import DirectoryBusy, DirectoryError, DirectoryUnavailable
from waypost.model import Secret

ALICE = EmailAddress("alice", DomainName("example.com"))
WRONG = "wr0ng-s3cret"
DRIVERS = [
    pytest.param("psycopg", marks=pytest.mark.servers),
    pytest.param("psycopg2", marks=pytest.mark.servers),
    pytest.param("pymysql", marks=pytest.mark.servers),
]
SLEEP = {
    "postgresql": "SELECT 'a' AS login FROM pg_sleep(20) WHERE :address <> ''",
    "mysql": "SELECT SLEEP(20) AS login FROM mailbox WHERE :address <> ''",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT max(i) AS login FROM n WHERE :address <> ''",
}
Uri = Callable[..., str]


def said(people: OpenSqlDirectory, address: EmailAddress = ALICE) -> str:
    """Ask in vain; give what is said, which is one line without a secret."""
    with pytest.raises((DirectoryError, DirectoryUnavailable)) as caught:
        people.find(address)
    text = str(caught.value)
    assert "\n" not in text
    for hidden in (WRONG, PASSWORD, "s3cret", "alice", "db_uri", "waypost db"):
        assert hidden not in text
    return text


@pytest.fixture(name="uri", params=DRIVERS)
def _uri(request: pytest.FixtureRequest) -> Uri:
    """Give a function that makes the URI of PostfixAdmin's tables, changed as told."""
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
    """Each driver answers over a port, with a password."""
    people = opened(uri())
    assert people.find(ALICE) == {
        "login": ("alice@example.com",),
        "display_name": ("Alice Example",),
    }
    assert people.find(EmailAddress("\u0436", DomainName("example.com"))) is None
    assert people.has_domain(DomainName("example.com"))


NO_CONNECTION = [
    # what is wrong, what is said
    ({"password": WRONG}, "check the user and the password in uri"),
    ({"user": "nobody"}, "check the user and the password in uri"),
    ({"database": "waypost_missing"}, "check the name of the database in uri"),
    ({"port": "closed"}, "check the host and the port in uri, and that the server runs"),
    ({"host": "nosuch.invalid"}, "check the host and the port in uri, and that the server runs"),
]


@pytest.mark.parametrize(("change", "text"), NO_CONNECTION, ids=str)
def test_no_connection(uri: Uri, opened: Opened, change: dict[str, str], text: str) -> None:
    """What keeps a connection from being made is told with what to do about it."""
    if change.get("port") == "closed":
        change = {"port": str(free_port())}
    line = said(opened(uri(**change)))
    assert line.startswith("directory people: ")
    assert line.endswith(f"; {text}")


def test_host_that_swallows_packets(uri: Uri, opened: Opened) -> None:
    """A host that does not answer at all is given up after the time for a connection."""
    people = opened(uri(host="192.0.2.1", port="9"), limits=quick())  # RFC 5737: nobody's
    start = time.monotonic()
    assert "check the host and the port in uri" in said(people)
    assert time.monotonic() - start < 60  # the system itself would wait for two minutes


MISTAKES = [
    # query, what is said
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
    """A statement that the database does not take is told as such, with its option."""
    with pytest.raises(DirectoryError) as caught:
        opened(postfixadmin.uri, query=query).find(ALICE)
    assert str(caught.value).startswith("directory people: query: ")
    assert text in str(caught.value)
    domains = re.sub(":address", ":domain", query)
    with pytest.raises(DirectoryError) as caught:
        opened(postfixadmin.uri, domains_query=domains).has_domain(ALICE.domain)
    assert str(caught.value).startswith("directory people: domains_query: ")


@pytest.mark.servers
def test_address_in_a_complaint(postgresql_server: PostgreSql, opened: Opened) -> None:
    """A database that repeats the address in its complaint does not get it into ours."""
    uri = postgresql_server.uri(postgresql_server.fresh())
    for query in (
        "SELECT CAST(:address AS integer) AS login",
        "SELECT CAST(:local_part AS integer) AS login",
    ):
        assert "correct the statement" in said(opened(uri, query=query))


def test_hidden_texts() -> None:
    """A password and an address are taken out of what a driver says, and nothing else is."""
    url = sa.make_url("postgresql://u:pa55@h/d?sslpassword=k3y&sslmode=require")
    text = "no 'a', \"a@b.example\" and a; pa55 or k3y with require\nHINT: more"
    expected = "no '...', \"...\" and a; *** or *** with require"
    assert clean(text, url, ("a@b.example", "a", "b.example")) == expected


def test_no_right(uri: Uri, opened: Opened, request: pytest.FixtureRequest) -> None:
    """A table that the user may not read is told with the right that is needed."""
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
    """A server that takes no more connections is told as such, and asked again later."""
    postgresql_server.sql("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    mariadb_server.sql("CREATE USER crowded@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1;")
    full = opened(postgresql_server.uri("postgres").replace("waypost@", "crowded@"))
    place = f"mysql://crowded@127.0.0.1:{mariadb_server.port}"
    other = opened(place)
    with questioning(open_reading_engine(configured(place)), quick()):
        for people in (full, other):
            assert "let the server take more connections" in said(people)


def test_statement_that_hangs(postfixadmin: Database, opened: Opened) -> None:
    """A statement that takes too long ends at the time limit, and the next one is answered."""
    slow = opened(postfixadmin.uri, query=SLEEP[postfixadmin.dialect], limits=quick())
    assert "query: took longer than time_limit_seconds, 0.5 s" in said(slow)
    assert slow.has_domain(DomainName("example.com"))


def test_pool_used_up(postfixadmin: Database, opened: Opened) -> None:
    """Where all connections are in use, the next question is told so and is not kept waiting."""
    limits = quick(max_searches=1)
    people = opened(postfixadmin.uri, query=SLEEP[postfixadmin.dialect], limits=limits)
    outcomes: list[str] = []

    def ask() -> None:
        try:
            people.find(ALICE)
        except DirectoryBusy as error:
            outcomes.append(str(error))
        except DirectoryUnavailable:
            outcomes.append("")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    busy = "directory people: all 1 connections are in use; raise max_searches"
    assert busy in outcomes
    assert people.has_domain(DomainName("example.com"))


def test_lock(tmp_path: Path, opened: Opened) -> None:
    """A SQLite file that another program has locked is told as such after the time limit."""
    path = tmp_path / "mail.sqlite"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.executescript(SCHEMAS["postfixadmin"]["sqlite"])
    writer.execute("BEGIN EXCLUSIVE")
    line = said(opened(f"sqlite:///{path}", limits=quick(0.2)))
    assert line == "directory people: query: database is locked; something else holds a lock"
    writer.close()


def test_postgresql_restarts(postgresql_server: PostgreSql, opened: Opened) -> None:
    """After a crash of the server the failure is temporary, and then the same pool goes on."""
    name = postgresql_server.fresh()
    postgresql_server.sql(SCHEMAS["postfixadmin"]["postgresql"], name, "waypost")
    _survives(postgresql_server, opened(postgresql_server.uri(name)))


# PyMySQL leaves a socket that it could not connect to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_mariadb_restarts(mariadb_server: MariaDb, opened: Opened) -> None:
    """MariaDB's restart is survived in the same way."""
    name = mariadb_server.fresh()
    mariadb_server.sql(SCHEMAS["postfixadmin"]["mysql"], name)
    _survives(mariadb_server, opened(mariadb_server.uri(name)))
    gc.collect()


def _survives(server: PostgreSql | MariaDb, people: OpenSqlDirectory) -> None:
    assert people.find(ALICE) is not None
    server.kill()
    try:
        with pytest.raises(DirectoryUnavailable, match="that the server runs"):
            people.find(ALICE)
    finally:
        server.start()
    assert people.find(ALICE) is not None


@pytest.mark.servers
def test_killed_in_a_question(postgresql_server: PostgreSql, opened: Opened) -> None:
    """A server that goes away while it is asked is told as lost, and the next question goes on."""
    name = postgresql_server.fresh()
    query = f"{SLEEP['postgresql']} AND 'x' <> 'killed'"
    people = opened(postgresql_server.uri(name), query=query, limits=quick(20))
    ends = threading.Thread(target=_terminate, args=(postgresql_server,))
    ends.start()
    assert "the connection or the server went away" in said(people)
    ends.join()


def _terminate(server: PostgreSql) -> None:
    sql = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE query LIKE '%killed%' AND pid <> pg_backend_pid() AND state = 'active'"
    )
    end = time.monotonic() + 10
    while server.sql(sql).strip() == "0" and time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.servers
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_postgresql_that_hangs(postgresql_server: PostgreSql, opened: Opened, driver: str) -> None:
    """A server that is silent is left in time, in a question and before one."""
    name = postgresql_server.fresh()
    postgresql_server.sql(SCHEMAS["postfixadmin"]["postgresql"], name, "waypost")
    people = opened(postgresql_server.uri(name, driver), limits=quick(0.3, max_searches=1))
    assert people.find(ALICE) is not None
    sql = f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"  # noqa: S608 -- a test's own
    with _stopped(int(postgresql_server.sql(sql))) as is_stopped:
        # The connection does not answer any more, and another one does.
        assert people.find(ALICE) is not None
        assert is_stopped()
    asking = threading.Thread(target=_stopped_soon, args=(postgresql_server, sql))
    slow = opened(postgresql_server.uri(name, driver), query=SLEEP["postgresql"], limits=quick(3.0))
    asking.start()
    assert "the connection or the server went away" in said(slow)
    asking.join()
    assert slow.has_domain(DomainName("example.com"))


def _stopped_soon(server: PostgreSql, sql: str) -> None:
    """Stop whoever sleeps, until its question must be over."""
    sleeping = f"{sql} AND query LIKE '%pg_sleep%'"
    end = time.monotonic() + 10
    while not (pid := server.sql(sleeping).strip()) and time.monotonic() < end:
        time.sleep(0.05)
    with _stopped(int(pid)):
        time.sleep(5)


@contextmanager
def _stopped(pid: int) -> Iterator[Callable[[], bool]]:
    """Stop a process, for half a minute at most; give what tells whether it still is."""
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(30, os.kill, (pid, signal.SIGCONT))
    timer.start()
    try:
        yield timer.is_alive
    finally:
        timer.cancel()
        os.kill(pid, signal.SIGCONT)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_mariadb_that_hangs(mariadb_server: MariaDb, opened: Opened) -> None:
    """A server that is silent is left in time, and answers again when it goes on."""
    name = mariadb_server.fresh()
    mariadb_server.sql(SCHEMAS["postfixadmin"]["mysql"], name)
    people = opened(mariadb_server.uri(name), limits=quick(0.3))
    assert people.find(ALICE) is not None
    file = mariadb_server.sql("SELECT @@pid_file").strip()
    pid = int(Path(file).read_text(encoding="ascii"))
    with _stopped(pid), pytest.raises(DirectoryUnavailable):
        people.find(ALICE)
    assert people.find(ALICE) is not None
    gc.collect()


@pytest.mark.servers
def test_other_character_set(postgresql_server: PostgreSql, opened: Opened) -> None:
    """An address that the database has no characters for is nobody's, and others are found."""
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


@pytest.fixture(name="sqlite")
def _sqlite(tmp_path: Path) -> Path:
    path = tmp_path / "mail.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMAS["postfixadmin"]["sqlite"])
    connection.close()
    return path


def test_uri_from_a_file(sqlite: Path, opened: Opened, tmp_path: Path) -> None:
    """The first line of a file is the URI."""
    file = tmp_path / "uri"
    file.write_text(f"sqlite:///{sqlite}\nmore\n", encoding="utf-8")
    assert opened(Secret(file=str(file))).find(ALICE) is not None


def test_uri_from_the_environment(
    sqlite: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment variable holds the URI."""
    monkeypatch.setenv("MAIL_URI", f"sqlite:///{sqlite}")
    assert opened(Secret(variable="MAIL_URI")).find(ALICE) is not None


@pytest.mark.servers
def test_password_that_changes(
    postgresql_server: PostgreSql, opened: Opened, tmp_path: Path
) -> None:
    """A password that is changed in the file counts from the next connection on."""
    name = postgresql_server.fresh()
    postgresql_server.sql(SCHEMAS["postfixadmin"]["postgresql"], name, "waypost")
    file = tmp_path / "uri"
    file.write_text(postgresql_server.tcp_uri(name, password=WRONG), encoding="utf-8")
    people = opened(Secret(file=str(file)))
    assert "check the user and the password" in said(people)
    file.write_text(postgresql_server.tcp_uri(name), encoding="utf-8")
    assert people.find(ALICE) is not None


BAD_URIS = [
    # where the URI stands, what is said
    (Secret(), "no uri is given; write uri, uri_file or uri_env"),
    (Secret(file="/nosuch/uri"), "uri_file: /nosuch/uri cannot be read: No such file or directory"),
    (Secret(file="/dev/null"), "uri_file: the first line of /dev/null is empty"),
    (Secret(variable="WAYPOST_NOSUCH"), "the environment variable WAYPOST_NOSUCH is not set"),
    (Secret("s3cret"), "uri: is not a database URI; write dialect+driver://"),
    (Secret("postgresql://u:s3cret@h:port/d"), "uri: is not a database URI"),
    (Secret("nosuch://u:s3cret@h/d"), "uri: Waypost knows no database 'nosuch'"),
    (Secret("mysql+mysqldb://u:s3cret@h/d"), "mysql+mysqldb is not installed; install the Python"),
    (Secret("sqlite://"), "uri: must name a SQLite file that is there"),
    (Secret("sqlite:///:memory:"), "uri: must name a SQLite file that is there"),
    (Secret("sqlite:////nosuch/a.sqlite"), "uri: /nosuch/a.sqlite: unable to open database file"),
    (Secret("sqlite:////etc/passwd"), "uri: /etc/passwd: file is not a database; name a SQLite"),
    (Secret("mysql://u:s3cret@h/d?nosuch=1"), "uri: the driver does not take its host or its opt"),
    (Secret("mysql://u:s3cret@h/d?charset=no"), "uri: the driver does not take its host or its o"),
    (Secret("postgresql+psycopg2://u:s3cret@h/d?nosuch=1"), "options: invalid dsn: invalid conn"),
    (Secret("postgresql+psycopg://u:s3cret@127.0.0.1:1/d?nosuch=1"), "options: invalid connection"),
]


@pytest.mark.parametrize(("uri", "text"), BAD_URIS)
def test_bad_uris(uri: Secret, text: str) -> None:
    """A URI that cannot be used is told with what is wrong with it, and never with its password."""
    with pytest.raises((DirectoryError, DirectoryUnavailable)) as caught:
        OpenSqlDirectory(configured(uri)).find(ALICE)
    assert str(caught.value).startswith("directory people: ")
    assert text in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_missing_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing driver is told with what to install."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(DirectoryError, match=r"pip install 'waypost\[postgresql\]'"):
        OpenSqlDirectory(configured("postgresql+psycopg://u:s3cret@h/d"))


def test_missing_file_is_not_made(tmp_path: Path, opened: Opened) -> None:
    """A SQLite file that is not there is not made."""
    path = tmp_path / "a ?#%.sqlite"
    people = opened(Secret(f"sqlite:///{tmp_path}/a%20%3F%23%25.sqlite"))
    said(people)
    assert not path.exists()
    assert list(tmp_path.iterdir()) == []


def test_no_such_query(sqlite: Path, opened: Opened) -> None:
    """A directory says which of its two statements it lacks."""
    people = opened(f"sqlite:///{sqlite}", query=None)
    assert said(people) == "directory people: has no query for users, only a domains_query"
    domains = opened(f"sqlite:///{sqlite}", domains_query=None)
    with pytest.raises(DirectoryError, match="people: has no domains_query"):
        domains.has_domain(ALICE.domain)


def test_statement_without_rows(sqlite: Path, opened: Opened) -> None:
    """A statement that gives no rows at all is told as one that is no SELECT."""
    people = opened(f"sqlite:///{sqlite}", query="BEGIN")
    assert said(people) == "directory people: query: gives no rows; it must be a SELECT"


def test_closing_twice(sqlite: Path, opened: Opened) -> None:
    """Closing twice does nothing."""
    people = opened(f"sqlite:///{sqlite}", query=QUERY)
    people.close()
    people.close()


def _names(text: str) -> str:
    """Give a message as the documentation writes it: what is filled in is in capitals."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: found[1].upper(), text)


def documented(page: str) -> Iterator[str]:
    """Give the messages in the tables of a page."""
    text = (Path(__file__).parents[3] / page).read_text(encoding="utf-8")
    for found in re.finditer(r"^\| `([^`]+)` \| \S.*\|$", text, re.MULTILINE):
        yield found[1].replace("\\|", "|")


def test_messages_are_documented() -> None:
    """Each message stands in the documentation with its cure, and no other does."""
    from waypost.transfer.directory_queries import QueryRule

    rules = [_names(rule) for rule in QueryRule]
    messages = [_names(message) for message in Message]
    others = {
        "there is no [[directory]] with this name",
        "directory NAME has no domains_query",
        "which the database cannot have: it holds domains of its own",
        "no incoming and outgoing mail service for the domains from NAME",
    }
    listed = [one for one in documented("docs/directories/sql.md") if " " in one]
    assert len(listed) == len(set(listed))
    assert set(listed) == {*messages, *rules, *others}
