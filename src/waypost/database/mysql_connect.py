"""Connect to MariaDB or MySQL with PyMySQL: several servers, silent servers, and TLS.

A URI names several servers as SQLAlchemy documents it for PostgreSQL:
`mysql+pymysql://USER:PASSWORD@/DATABASE?host=db1.example:3306&host=db2.example`.
"""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.errors import StoreError
from waypost.database.drivers import CONNECT_TIMEOUT_SECONDS

RETRY_SECONDS: Final = 30.0
"""A server that failed is the last to be tried during this time."""
_PORT: Final = 3306
# PyMySQL's number for a server that is not reached (CR_CONN_HOST_ERROR).
_NOT_REACHED: Final = 2003
# ER_UNKNOWN_COM_ERROR, "WSREP has not yet prepared node for application use".
_NOT_READY: Final = 1047
_FILES: Final = ("ca", "cert", "key")
_TRUE: Final = frozenset({"true", "1", "yes", "on"})


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return both in the form of a URI."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def addresses_of(url: sa.URL) -> tuple[ServerAddress, ...]:
    """Return the servers that a URI names, in its order; none if it names a socket.

    Raises:
        ValueError: one of them is not HOST or HOST:PORT.
    """
    if "unix_socket" in url.query:
        return ()
    named = url.query.get("host")
    if named is None:
        return (ServerAddress(url.host or "localhost", url.port or _PORT),)
    default_port = _text_of(url.query.get("port")) or url.port or _PORT
    hosts = (named,) if isinstance(named, str) else named
    return tuple(_address(text, int(default_port)) for text in hosts)


def is_not_ready(error: object) -> bool:
    """Return whether an error is that of a Galera node without the majority, or without its data.

    Such a node accepts connections and answers pings.
    """
    arguments: Sequence[object] = getattr(error, "args", ())
    return bool(arguments) and arguments[0] == _NOT_READY


class MysqlConnector:
    """Connections to the first of several servers that answers."""

    def __init__(self, url: sa.URL) -> None:
        """Create it for the servers of a URI.

        Raises:
            ValueError: as `addresses_of`.
        """
        self._addresses = addresses_of(url)
        self._failed_at: dict[ServerAddress, float] = {}

    def connect(self, dialect: sa.Dialect, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- the driver's
        """Return a connection of PyMySQL.

        A server that accepts a connection and sends nothing counts as unreachable after the time
        limit for connecting. With several servers, the next one is tried after any failure.

        Args:
            dialect: has the driver.
            options: for the driver.

        Raises:
            pymysql.Error: no server can be used; the message names each of them.
            StoreError: a file or an option for TLS cannot be used.
        """
        options = _with_tls(options)
        if not self._addresses:
            return dialect.connect(**options)
        failures: list[tuple[ServerAddress, Exception]] = []
        for address in sorted(self._addresses, key=self._has_failed):
            try:
                connection = _connect(dialect, options, address)
                if len(self._addresses) > 1:
                    # A Galera node refuses this if it is not ready, and allows SELECT 1.
                    connection.commit()
            except dialect.loaded_dbapi.Error as error:
                self._failed_at[address] = time.monotonic()
                failures.append((address, error))
            else:
                self._failed_at.pop(address, None)
                return connection
        raise _summary(failures)

    def mark_lost(self, connection: Any, _record: object, error: BaseException | None) -> None:  # noqa: ANN401
        """Try the server of a lost connection last: it may be silent."""
        if error is not None and connection is not None:
            self._failed_at[ServerAddress(connection.host, connection.port)] = time.monotonic()

    def _has_failed(self, address: ServerAddress) -> bool:
        failed_at = self._failed_at.get(address)
        return failed_at is not None and time.monotonic() - failed_at < RETRY_SECONDS


def _connect(dialect: sa.Dialect, options: Mapping[str, Any], address: ServerAddress) -> Any:  # noqa: ANN401
    """Connect to one server within the time limit, up to the first byte that it sends."""
    own = {"host": address.host, "port": address.port, "defer_connect": True}
    try:
        connection = dialect.connect(**{**options, **own})
    except OSError as error:  # Python's library for TLS names no file.
        raise _file_refused(options.get("ssl", {}), error) from error
    bind = options.get("bind_address")
    seconds = float(options.get("connect_timeout", CONNECT_TIMEOUT_SECONDS))
    plain = None
    try:
        plain = socket.create_connection(
            (address.host, address.port), seconds, None if bind is None else (bind, 0)
        )
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # The server is the first to send.
        plain.recv(1, socket.MSG_PEEK)
    except OSError as error:
        if plain is not None:
            plain.close()
        message = f"Can't connect to MySQL server on {address.host!r} ({error})"
        raise dialect.loaded_dbapi.OperationalError(_NOT_REACHED, message) from error
    connection.connect(plain)
    return connection


def _summary(failures: Sequence[tuple[ServerAddress, Exception]]) -> Exception:
    """Return one error for all servers: that of one which answers, before one that does not."""
    _, chosen = min(failures, key=lambda failure: _number_of(failure[1]) == _NOT_REACHED)
    if len(failures) == 1:
        return chosen
    texts = [f"{address}: {error.args[-1]}" for address, error in failures]
    return type(chosen)(_number_of(chosen), "; ".join(texts))


def _number_of(error: Exception) -> object:
    return error.args[0] if error.args else None


def _with_tls(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with all of TLS in one: else PyMySQL would ignore `ssl_ca`.

    With `ssl_ca`, the certificate and the host name are checked, unless the URI says otherwise.

    Raises:
        StoreError: `ssl_verify_cert` or `ssl_verify_identity` without `ssl_ca`: PyMySQL would
            check no host name.
    """
    checks = {"ssl_verify_cert": "verify_mode", "ssl_verify_identity": "check_hostname"}
    found = {name: _is_true(options[name]) for name in checks if name in options}
    if not found:
        return dict(options)
    rest = {name: value for name, value in options.items() if name not in found}
    if not rest.get("ssl", {}).get("ca"):
        raise StoreError(
            f"db_uri: {' and '.join(found)}: write ssl_ca, too: the file with the authority that "
            "signed the server's certificate; for a public authority write "
            "ssl_ca=/etc/ssl/certs/ca-certificates.crt"
        )
    tls = {**rest["ssl"], **{checks[name]: value for name, value in found.items()}}
    if not tls.get("verify_mode", True):
        tls["check_hostname"] = False
    return {**rest, "ssl": tls}


def _file_refused(tls: Mapping[str, Any], error: OSError) -> StoreError:
    """Return the error of a file for TLS that is missing, or not in PEM format."""
    files = {f"ssl_{name}": str(tls[name]) for name in _FILES if name in tls}
    missing = {name: path for name, path in files.items() if not os.access(path, os.R_OK)}
    named = ", ".join(f"{name}={path}" for name, path in (missing or files).items())
    reason = "cannot be read" if missing else "is not a usable PEM file"
    return StoreError(f"db_uri: {named} {reason}: {error.strerror or error}")


def _address(text: str, default_port: int) -> ServerAddress:
    # As in a URL: an IPv6 address is in brackets (RFC 3986 s3.2.2).
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, str(default_port)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(f"host={text} is not HOST or HOST:PORT")
    return ServerAddress(host, int(port))


def _text_of(value: str | Sequence[str] | None) -> str | None:
    return value if value is None or isinstance(value, str) else value[0]


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() in _TRUE
