"""Connections of PyMySQL: several servers in one URI, silent servers, and the options for TLS."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa

from tests.servers.patience import PATIENCE_SECONDS
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.engine import open_engine, read_connection
from waypost.database.mysql_connect import MysqlConnector, addresses_of, is_not_ready

BASE = "mysql+pymysql://alice:hunter2@"
ADDRESSES = [
    # the rest of the URI, the servers
    ("/mail", ["localhost:3306"]),
    ("db.example/mail", ["db.example:3306"]),
    ("db.example:3307/mail?charset=utf8mb4", ["db.example:3307"]),
    ("/mail?host=a.example&host=b.example:3307", ["a.example:3306", "b.example:3307"]),
    ("/mail?host=a.example&host=b.example&port=3308", ["a.example:3308", "b.example:3308"]),
    ("/mail?host=[::1]:3307&host=[2001:db8::1]", ["[::1]:3307", "[2001:db8::1]:3306"]),
    ("/mail?host=192.0.2.1", ["192.0.2.1:3306"]),
    ("localhost/mail?unix_socket=/run/mysqld.sock", []),
]
BAD_HOSTS = ["a:b", "a:0", "a:65536", ":3306", "a:²"]


@pytest.mark.parametrize(("rest", "expected"), ADDRESSES)
def test_addresses(rest: str, expected: list[str]) -> None:
    """A URI names one server, or several with `host`, with or without ports."""
    assert [f"{one}" for one in addresses_of(sa.make_url(f"{BASE}{rest}"))] == expected


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_bad_hosts(host: str) -> None:
    """A server that is not HOST or HOST:PORT is refused before any connection."""
    with pytest.raises(StoreError, match=r"^db_uri: .*is not HOST or HOST:PORT"):
        open_engine(f"{BASE}/mail?host=a.example&host={host}")


def test_not_ready() -> None:
    """The error of a Galera node without the majority is recognized, and no other."""
    error = pymysql.err.OperationalError
    assert is_not_ready(error(1047, "WSREP has not yet prepared node for application use"))
    assert not is_not_ready(error(1045, "Access denied"))
    assert not is_not_ready(error())


@contextmanager
def listening(greeting: bytes) -> Iterator[int]:
    """Accept connections and send some bytes to each; yield the port."""
    clients: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            clients.append(client)
            client.sendall(greeting)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for one in (server, *clients):
            one.close()


def closed_port() -> int:
    """Return a port where nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


class Scripted:
    """A driver whose servers are ready, or not."""

    loaded_dbapi = pymysql.err

    def __init__(self, not_ready: int = 0) -> None:
        """Create it with the port of the server that is not ready."""
        self.not_ready = not_ready

    def connect(self, **options: Any) -> Any:
        """Return a connection that is not connected yet, as PyMySQL does."""
        assert options["defer_connect"] is True

        def commit() -> None:
            if options["port"] == self.not_ready:
                raise pymysql.err.OperationalError(1047, "WSREP has not yet prepared node")

        return SimpleNamespace(
            host=options["host"],
            port=options["port"],
            connect=socket.socket.close,
            commit=commit,
        )


def connector(*ports: int) -> MysqlConnector:
    """Return the connector for servers on this machine."""
    hosts = "&".join(f"host=127.0.0.1:{port}" for port in ports)
    return MysqlConnector(sa.make_url(f"{BASE}/mail?{hosts}"))


def port_of(servers: MysqlConnector, driver: Scripted) -> int:
    """Return the port of the server that a new connection uses."""
    port: int = servers.connect(driver, {"connect_timeout": PATIENCE_SECONDS}).port  # type: ignore[arg-type]
    return port


def test_next_server_is_used() -> None:
    """A server that is closed or not ready is skipped, and later tried last."""
    with listening(b"5") as third, listening(b"5") as fourth:
        servers = connector(closed_port(), third, fourth)
        assert port_of(servers, Scripted(not_ready=third)) == fourth
        # The third server is ready again, but it failed just now.
        assert port_of(servers, Scripted()) == fourth
        servers.mark_lost(SimpleNamespace(host="127.0.0.1", port=fourth), None, OSError())
        assert port_of(servers, Scripted()) == third


def test_first_server_is_preferred() -> None:
    """While the first server answers, all connections use it."""
    with listening(b"5") as first, listening(b"5") as second:
        assert {port_of(connector(first, second), Scripted()) for _ in range(3)} == {first}


def test_no_server() -> None:
    """If no server answers, the message names each of them with its reason, and no password."""
    first = closed_port()
    with listening(b"") as silent:
        engine = open_engine(
            f"{BASE}/mail?host=127.0.0.1:{first}&host=127.0.0.1:{silent}&connect_timeout=1"
        )
        with pytest.raises(StoreUnavailable) as caught, read_connection(engine):
            pass
    text = str(caught.value)
    assert f"127.0.0.1:{first}: Can't connect" in text
    assert f"127.0.0.1:{silent}: Can't connect to MySQL server on '127.0.0.1' (timed out)" in text
    assert f"/mail?host=127.0.0.1:{first}&host=127.0.0.1:{silent}: " in text
    assert "hunter2" not in text


def test_answering_server_explains_the_failure() -> None:
    """If one server refuses the login and others do not answer, the login is the cause."""

    class Refusing(Scripted):
        def connect(self, **options: Any) -> Any:
            if options["port"] == refusing:
                raise pymysql.err.OperationalError(1045, "Access denied")
            return super().connect(**options)

    with listening(b"5") as refusing, pytest.raises(pymysql.err.OperationalError) as caught:
        connector(closed_port(), refusing).connect(Refusing(), {})  # type: ignore[arg-type]
    assert caught.value.args[0] == 1045
    assert "Connection refused" in caught.value.args[1]


BAD_TLS = [
    # the parameters, the message
    ("ssl_verify_cert=true", "ssl_verify_cert: write ssl_ca, too"),
    ("ssl_verify_cert=1&ssl_verify_identity=1", "ssl_verify_cert and ssl_verify_identity: write"),
    ("ssl_ca=/nonexistent.pem", "ssl_ca=/nonexistent.pem cannot be read: No such file"),
    ("ssl_ca=/dev/null", "ssl_ca=/dev/null is not a usable PEM file"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD_TLS)
def test_bad_tls(parameters: str, message: str) -> None:
    """Options for TLS that check less than they say are refused, and files that cannot be used."""
    engine = open_engine(f"{BASE}127.0.0.1:1/mail?{parameters}")
    with pytest.raises(StoreError, match=f"^db_uri: {message}"), read_connection(engine):
        pass
