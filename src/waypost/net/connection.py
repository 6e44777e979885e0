"""A connection with one deadline for every step: TCP, TLS, each write and each read.

The timeout of a socket starts again with each byte that arrives, so a server that sends one byte at
a time would delay the client without end. Here each wait ends when the total time is over.
"""

import io
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from waypost.net.addresses import is_public
from waypost.net.deadline import Deadline
from waypost.net.failures import BadAnswer, PrivateAddress
from waypost.net.name_lookup import Address
from waypost.net.tcp import connect_first

HEAD_MAX_BYTES: Final = 64 * 1024
_BUFFER_BYTES: Final = 8192


@dataclass(slots=True)
class DeadlineConnection:
    """An open connection; `http.client` uses it in place of a socket.

    Attributes:
        sock: the socket, or TLS on it.
        deadline: of all steps on it.
        address: the IP address of the other end.
        target_prefix: added before the path of each request, if a proxy needs the whole URL.
        headers: sent with each request, for a proxy.
        is_proxied: whether the address is that of a proxy, not of the host.
        head_bytes_left: how much may be read before the head of the answer has ended; None after
            that.
    """

    sock: socket.socket
    deadline: Deadline
    address: str
    target_prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    is_proxied: bool = False
    head_bytes_left: int | None = HEAD_MAX_BYTES

    @property
    def is_public(self) -> bool:
        """Whether the other end has a public address, or is behind a proxy."""
        return self.is_proxied or is_public(self.address)

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Start TLS, and verify the certificate for a host.

        Raises:
            OSError: TLS fails, or the time is over.
            ValueError: the host is not valid.
        """
        self.sock = context.wrap_socket(
            self.sock, server_hostname=host, do_handshake_on_connect=False
        )
        self.sock.settimeout(self.deadline.wait())
        # Python's timeout of a handshake covers the whole handshake.
        self.sock.do_handshake()

    def sendall(self, data: bytes) -> None:
        """Send all of a request.

        Raises:
            OSError: the connection breaks, or the time is over.
        """
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(self.deadline.wait())
            rest = rest[self.sock.send(rest) :]

    def receive_into(self, buffer: Any) -> int:  # noqa: ANN401 -- bytes that can be written to
        """Read available bytes, or wait for some; return 0 at the end.

        Raises:
            OSError: the connection breaks, or the time is over.
            BadAnswer: the head, with its interim answers, is too long.
        """
        self.sock.settimeout(self.deadline.wait())
        count = self.sock.recv_into(buffer)
        if self.head_bytes_left is not None:
            self.head_bytes_left -= count
            if self.head_bytes_left < -_BUFFER_BYTES:  # The buffer may hold some of the body.
                raise BadAnswer("the head of the answer is too long")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a file for reading an answer."""
        return io.BufferedReader(_ConnectionReader(self), _BUFFER_BYTES)

    def close(self) -> None:
        """Ignore the call: `http.client` closes too early; `open_connection` closes."""


class _ConnectionReader(io.RawIOBase):
    def __init__(self, connection: DeadlineConnection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 -- the same
        return self._connection.receive_into(buffer)


@contextmanager
def open_connection(
    addresses: Sequence[Address], deadline: Deadline
) -> Iterator[DeadlineConnection]:
    """Connect to the first address that accepts a connection.

    Raises:
        OSError: none does, or the server closes the connection at once; this is the error of the
            last address.
    """
    sock = connect_first(addresses, deadline)
    try:
        # Not later: after a reset the system does not know it any more.
        connection = DeadlineConnection(sock, deadline, f"{sock.getpeername()[0]}")
    except OSError:
        sock.close()
        raise
    try:
        yield connection
    finally:
        connection.sock.close()


def public_addresses(addresses: Sequence[Address], host: str) -> tuple[Address, ...]:
    """Return the public ones of a host's addresses.

    Args:
        addresses: the addresses to connect to; the name is not resolved again.
        host: their name.

    Raises:
        PrivateAddress: none is public.
    """
    public = tuple(address for address in addresses if is_public(f"{address[1][0]}"))
    if not public:
        raise PrivateAddress(f"{host} has the private address {addresses[0][1][0]}")
    return public
