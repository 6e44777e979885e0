"""Errors before the first row: one line with advice, and never the password."""

import gc
import sys
import time
from collections.abc import Callable

import pytest

from tests.cli.conftest import Waypost, home, waypost
from tests.servers.database import Database, postgresql_database
from tests.servers.database_server import PASSWORD
from tests.servers.mariadb import MariaDb
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.postgresql import PostgreSql
from tests.servers.waypost import free_port
from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.engine import open_engine
from waypost.store.sql.migrate import status, upgrade
from waypost.store.sql.store import SqlStore

__all__ = ["home", "waypost"]

WRONG = "wr0ng-s3cret"
COMMANDS = [
    ["db", "status"],
    ["db", "upgrade"],
    ["db", "upgrade", "--sql"],
    ["export"],
    ["domain", "list"],
    ["domain", "show", "example.com"],
    ["apply", "--demo"],
    ["apply", "--demo", "--dry-run"],
]
Uri = Callable[..., str]
DRIVERS = [
    pytest.param("psycopg", marks=pytest.mark.servers),
    pytest.param("psycopg2", marks=pytest.mark.servers),
    pytest.param("pymysql", marks=pytest.mark.servers),
]


@pytest.fixture(name="uri", params=DRIVERS)
def _uri(request: pytest.FixtureRequest) -> Uri:
    """Return a function that returns the URI of a fresh database, with changed parts."""
    server: PostgreSql | MariaDb = (
        request.getfixturevalue("mariadb_server")
        if request.param == "pymysql"
        else request.getfixturevalue("postgresql_server")
    )
    name = server.fresh()

    def make(**change: str) -> str:
        uri = server.tcp_uri(
            change.get("database", name), request.param, change.get("password", PASSWORD)
        )
        port = change.get("port", str(server.port))
        host = change.get("host", "127.0.0.1")
        user = change.get("user", "waypost")
        return (
            uri.replace(f"127.0.0.1:{server.port}", f"{host}:{port}")
            .replace("//waypost:", f"//{user}:")
            .replace(f"+{request.param}", change.get("driver", f"+{request.param}"))
        )

    return make


def test_each_driver_by_port(uri: Uri) -> None:
    """Each driver creates the tables and answers over a port, with a password."""
    engine = open_engine(uri())
    upgrade(engine)
    assert status(engine).is_current
    assert SqlStore(engine).find(DomainName("example.com")) is None
    engine.dispose()


def test_driver_left_out(uri: Uri) -> None:
    """A URI without a driver uses Waypost's default driver."""
    engine = open_engine(uri(driver=""))
    upgrade(engine)
    assert engine.driver in {"psycopg", "pymysql"}
    engine.dispose()


CASES = [
    # what is wrong, a part of the message
    ({"password": WRONG}, "check the user and the password in db_uri"),
    ({"user": "stranger"}, "check the user and the password in db_uri"),
    ({"database": "waypost_missing"}, "create the database 'waypost_missing', or correct"),
    ({"port": "closed"}, "check the host and the port in db_uri, and that the server runs"),
    ({"host": "nosuch.invalid"}, "check the host and the port in db_uri, and that the server"),
    ({"host": "." * 80}, "db_uri"),
]


@pytest.mark.parametrize(("change", "said"), CASES, ids=str)
def test_no_connection(uri: Uri, waypost: Waypost, change: dict[str, str], said: str) -> None:
    """Every command ends with exit code 2 and one line of advice."""
    if change.get("port") == "closed":
        change = {"port": str(free_port())}
    wrong = uri(**change)
    for command in COMMANDS:
        outcome = waypost(*command, "--db-uri", wrong)
        assert (outcome.code, outcome.out) == (2, ""), (command, outcome)
        assert said in outcome.err
        assert outcome.err.count("\n") == 1
        for secret in (WRONG, PASSWORD, "s3cret"):
            assert secret not in outcome.err


@pytest.mark.parametrize("change", [case[0] for case in CASES[:3]], ids=str)
def test_serve_does_not_start(uri: Uri, waypost: Waypost, change: dict[str, str]) -> None:
    """If only the operator can fix the error, `serve` exits with one line and code 2."""
    outcome = waypost("serve", "--port", str(free_port()), "--db-uri", uri(**change))
    assert outcome.code == 2
    assert "error: " in outcome.err
    assert "db_uri" in outcome.err
    assert "s3cret" not in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("uri", "module", "extra"),
    [
        ("postgresql+psycopg://u:s3cret@h/d", "psycopg", "postgresql"),
        ("postgresql+psycopg2://u:s3cret@h/d", "psycopg2", "postgresql"),
        ("mysql+pymysql://u:s3cret@h/d", "pymysql", "mysql"),
        ("mysql://u:s3cret@h/d", "pymysql", "mysql"),
        ("mariadb+pymysql://u:s3cret@h/d", "pymysql", "mysql"),
    ],
)
def test_missing_driver(
    waypost: Waypost, monkeypatch: pytest.MonkeyPatch, uri: str, module: str, extra: str
) -> None:
    """Without its driver each command, including `serve`, names the extra to install."""
    monkeypatch.setitem(sys.modules, module, None)
    for command in [*COMMANDS, ["serve"]]:
        outcome = waypost(*command, "--db-uri", uri)
        assert outcome.code == 2
        assert f"run pip install '.[{extra}]' in the folder of Waypost's source" in outcome.err
        assert outcome.err.splitlines()[-1].startswith("error: db_uri: the driver for ")
        assert "s3cret" not in outcome.err


@pytest.mark.parametrize("query", ["?nosuch=1", "&nosuch=1", "&charset=nosuch"])
def test_unknown_option(mariadb_server: MariaDb, query: str) -> None:
    """An option that the driver does not know is an error that names it."""
    uri = mariadb_server.tcp_uri(mariadb_server.fresh())
    if query.startswith("?"):
        uri = uri.partition("?")[0]
    with pytest.raises((StoreError, StoreUnavailable), match="db_uri") as caught:
        status(open_engine(uri + query))
    assert "s3cret" not in str(caught.value)


def test_host_that_swallows_packets(uri: Uri) -> None:
    """The connection to a host that does not answer fails after seconds, not minutes."""
    engine = open_engine(uri(host="192.0.2.1", port="9"))  # RFC 5737: no host
    start = time.monotonic()
    with pytest.raises(StoreUnavailable, match="check the host"):
        status(engine)
    assert time.monotonic() - start < 60  # the system itself would wait for two minutes


def _find_until_failure(store: SqlStore) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        store.find(DomainName("example.com"))


def test_restarted_server(postgresql_server: PostgreSql) -> None:
    """After a crash of the server the error is temporary, and the same pool works again."""
    database: Database = postgresql_database(postgresql_server)
    engine = open_engine(database.uri)
    upgrade(engine)
    store = SqlStore(engine)
    assert store.find(DomainName("example.com")) is None
    postgresql_server.kill()
    try:
        # The process of a connection has its own group, and may answer until it sees the crash.
        with pytest.raises(StoreUnavailable, match="that the server runs"):
            _find_until_failure(store)
    finally:
        postgresql_server.start()
    assert store.find(DomainName("example.com")) is None
    engine.dispose()


# PyMySQL leaves a socket without a connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_restarted_mariadb(mariadb_server: MariaDb) -> None:
    """The same pool works again after a restart of MariaDB."""
    engine = open_engine(mariadb_server.uri(mariadb_server.fresh()))
    upgrade(engine)
    store = SqlStore(engine)
    assert store.find(DomainName("example.com")) is None
    mariadb_server.kill()
    try:
        with pytest.raises(StoreUnavailable, match="that the server runs"):
            store.find(DomainName("example.com"))
    finally:
        mariadb_server.start()
    assert store.find(DomainName("example.com")) is None
    engine.dispose()
    gc.collect()
