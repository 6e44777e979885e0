"""Connections to a server within a time limit, and the StartTLS request on them."""

import socket
import struct
from collections.abc import Sequence
from typing import Final

from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.directory.ldap.options import LdapEndpoint
from waypost.net.deadline import Deadline
from waypost.net.name_lookup import look_up
from waypost.net.tcp import SocketAddress, connect_first

# RFC 4511 s4.14.1: an extended request (s4.12) with the name 1.3.6.1.4.1.1466.20037, as the first
# message of the connection.
_STARTTLS: Final = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"
_SEQUENCE: Final = 0x30
_EXTENDED_RESPONSE: Final = 0x78
_ANSWER_MAX_BYTES: Final = 65536
_RESULT: Final = {1: "operationsError", 2: "protocolError", 52: "unavailable", 53: "unwilling"}


def resolve(server: LdapEndpoint, deadline: Deadline) -> Sequence[SocketAddress]:
    """Return the addresses of a server, in the order to try them.

    Raises:
        LdapFailure: the host name does not resolve, or not in time.
    """
    if server.path is not None:
        return [(socket.AF_UNIX, server.path)]
    try:
        return look_up(server.host, server.port, deadline)
    except TimeoutError:
        why = "the name server does not answer in time"
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError:  # UnicodeError is one.
        why = "no host name"
    raise LdapFailure(LdapProblem.NO_HOST, server=server.url, why=why)


def connect(
    server: LdapEndpoint, addresses: Sequence[SocketAddress], deadline: Deadline
) -> socket.socket:
    """Open a connection to the first address that accepts one.

    Raises:
        LdapFailure: no address accepts a connection; the reason is that of the last address.
    """
    try:
        connection = connect_first(addresses, deadline)
    except OSError as error:
        raise _connect_failure(server, error) from None
    _set_socket_options(connection)
    return connection


def start_tls(server: LdapEndpoint, connection: socket.socket, deadline: Deadline) -> None:
    """Send a StartTLS request, and read the server's consent; the handshake comes next.

    Raises:
        LdapFailure: the server refuses, or does not answer in time.
    """
    try:
        connection.settimeout(deadline.wait())
        connection.sendall(_STARTTLS)
        code, text = _extended_response(connection, deadline)
    except TimeoutError:
        raise LdapFailure(LdapProblem.TLS_TIMEOUT, server=server.url) from None
    except OSError as error:
        why = error.strerror or "closed"
        raise LdapFailure(LdapProblem.TLS_CUT, server=server.url, why=why) from None
    except ValueError:
        raise LdapFailure(LdapProblem.NOT_LDAP, server=server.url) from None
    if code != 0:
        why = text or _RESULT.get(code, f"result {code}")
        raise LdapFailure(LdapProblem.NO_STARTTLS, server=server.url, why=why)


def _connect_failure(server: LdapEndpoint, error: OSError) -> LdapFailure:
    why = error.strerror or type(error).__name__
    if server.path is not None:
        return LdapFailure(LdapProblem.NO_SOCKET, server=server.url, why=why)
    if isinstance(error, TimeoutError):
        return LdapFailure(LdapProblem.CONNECT_TIMEOUT, server=server.url)
    if isinstance(error, ConnectionRefusedError):
        return LdapFailure(LdapProblem.REFUSED, server=server.url)
    return LdapFailure(LdapProblem.UNREACHABLE, server=server.url, why=why)


def _set_socket_options(connection: socket.socket) -> None:
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Detects connections that a firewall has dropped because they were idle.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def limit_writes(connection: socket.socket, seconds: float) -> None:
    """Set a time limit for blocking writes on a socket that a C library uses."""
    whole_seconds = int(seconds)
    limit = struct.pack("ll", whole_seconds, int((seconds - whole_seconds) * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _extended_response(connection: socket.socket, deadline: Deadline) -> tuple[int, str]:
    """Read one answer, and return its result code and its text.

    Raises:
        ValueError: the data is not the answer to an extended request.
        OSError: the connection failed, or no answer came in time.
    """
    head = _receive_exactly(connection, 2, deadline)
    if head[0] != _SEQUENCE:
        raise ValueError
    length = head[1]
    if length & 0x80:
        length = int.from_bytes(_receive_exactly(connection, length & 0x7F, deadline), "big")
    if length > _ANSWER_MAX_BYTES:
        raise ValueError
    message = _receive_exactly(connection, length, deadline)
    _, _, rest = _element(message)
    tag, response, _ = _element(rest)
    if tag != _EXTENDED_RESPONSE:
        raise ValueError
    _, code, rest = _element(response)
    _, _, rest = _element(rest)
    _, text, _ = _element(rest)
    return int.from_bytes(code, "big"), text.decode("utf-8", "replace")


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag and the content of the first element, and the rest (X.690 s8.1)."""
    if len(data) < 2:
        raise ValueError
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    end = start + length
    if end > len(data):
        raise ValueError
    return tag, data[start:end], data[end:]


def _receive_exactly(connection: socket.socket, count: int, deadline: Deadline) -> bytes:
    data = b""
    while len(data) < count:
        connection.settimeout(deadline.wait())
        received = connection.recv(count - len(data))
        if not received:
            raise ConnectionResetError
        data += received
    return data
