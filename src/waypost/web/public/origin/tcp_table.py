"""The kernel's table of TCP connections: the owner of the client's end of a loopback connection.

Format of `/proc/net/tcp` and `/proc/net/tcp6`: proc_pid_net(5), and read in Linux 6.18,
net/ipv4/tcp_ipv4.c `get_tcp4_sock` and net/ipv6/tcp_ipv6.c `get_tcp6_sock`.
"""

import ipaddress
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketAddress = tuple[IpAddress, int]

ESTABLISHED: Final = b"01"
LISTEN: Final = b"0A"
# The clock is read once in this many rows.
_ROWS_PER_TIME_CHECK: Final = 1000


class TableUnavailable(Exception):
    """The kernel has no such table, or reading it takes too long."""


@dataclass(frozen=True, slots=True)
class TcpConnection:
    """One end of a connection, or a listening socket.

    Attributes:
        local: address and port, as the kernel writes them.
        remote: the same of the other end.
        state: two hexadecimal digits.
        uid: the user that made the socket. 0 if no process has it open any more.
        inode: the number of the socket; 0 if no process has it open any more.
    """

    local: bytes
    remote: bytes
    state: bytes
    uid: int
    inode: int

    @property
    def port(self) -> bytes:
        """The port of this end, as the kernel writes it."""
        return self.local.partition(b":")[2]

    @property
    def is_remote(self) -> bool:
        """Whether the other end is on another machine."""
        return not _without_ipv4_mapping(_parse_address(self.remote.partition(b":")[0])).is_loopback


class TcpTable:
    """A reader of the table of this process's network namespace."""

    def __init__(
        self, proc: Path, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Initialize with the folder of procfs and the time limit of all reading together.

        Args:
            proc: usually `/proc`.
            seconds: a longer check raises TableUnavailable.
            clock: a monotonic clock, in seconds.
        """
        # Not /proc/net: systemd's ProcSubset=pid hides it.
        self._folder = proc / "self" / "net"
        self._clock = clock
        self._deadline = clock() + seconds

    def client_end(self, client: SocketAddress, server: SocketAddress) -> set[TcpConnection]:
        """Find the client's end of a connection between two addresses of this machine.

        A program may connect to an IPv4 address by an IPv6 socket (RFC 4291 s2.5.5.2), so such a
        connection can be in either file.

        Args:
            client: address and port of the client's end, IPv4-mapped or not.
            server: the same of Waypost's end.

        Returns:
            Usually one row; none if the connection is closed.

        Raises:
            TableUnavailable: the table cannot be read.
        """
        ends = _without_ipv4_mapping(client[0]), _without_ipv4_mapping(server[0])
        patterns = [
            (
                "tcp6",
                b"%b %b"
                % (_kernel_form_ipv6(ends[0], client[1]), _kernel_form_ipv6(ends[1], server[1])),
            )
        ]
        if ends[0].version == ends[1].version == 4:
            patterns.append(
                (
                    "tcp",
                    b"%b %b" % (_kernel_form(ends[0], client[1]), _kernel_form(ends[1], server[1])),
                )
            )
        return {
            _parse_row(line)
            for name, pattern in patterns
            for line in self._lines(name)
            if b" %b " % pattern in line
        }

    def serves_others(self, inodes: frozenset[int]) -> bool:
        """Check whether one of some sockets listens, was accepted, or is connected elsewhere.

        Raises:
            TableUnavailable: the table cannot be read.
        """
        listening_ports: set[bytes] = set()
        connections: list[TcpConnection] = []
        inode_texts = {b"%d" % inode for inode in inodes}
        for name in ("tcp", "tcp6"):
            for line in self._lines(name):
                fields = line.split(None, 10)  # of a hundred thousand rows, only the needed columns
                if fields[3] == LISTEN:
                    listening_ports.add(_parse_row(line).port)
                if fields[9] in inode_texts:
                    connections.append(_parse_row(line))
        # An accepted connection has the port of its listening socket.
        return any(row.port in listening_ports or row.is_remote for row in connections)

    def check_time(self) -> None:
        """Raise TableUnavailable if the time limit is over."""
        if self._clock() > self._deadline:
            raise TableUnavailable("the search for the client's process took too long")

    def _lines(self, name: str) -> Iterator[bytes]:
        try:
            with (self._folder / name).open("rb") as table:
                next(table, None)  # the names of the columns
                for count, line in enumerate(table):
                    if count % _ROWS_PER_TIME_CHECK == 0:
                        self.check_time()
                    yield line
        except FileNotFoundError as error:
            if name == "tcp":
                raise TableUnavailable("this system does not show which user connects") from error
            # A kernel without IPv6 has no tcp6.
        except OSError as error:
            raise TableUnavailable(f"{self._folder / name}: {error.strerror}") from error


def _parse_row(line: bytes) -> TcpConnection:
    # sl local rem st tx:rx tr:when retrnsmt uid timeout inode ...
    fields = line.split()
    return TcpConnection(fields[1], fields[2], fields[3], int(fields[7]), int(fields[9]))


def _without_ipv4_mapping(address: IpAddress) -> IpAddress:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _kernel_form_ipv6(address: IpAddress, port: int) -> bytes:
    if isinstance(address, ipaddress.IPv4Address):
        address = ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    return _kernel_form(address, port)


def _kernel_form(address: IpAddress, port: int) -> bytes:
    """Write an address as the kernel does: words of 32 bits in the order of this machine."""
    data = address.packed
    words = (data[start : start + 4] for start in range(0, len(data), 4))
    text = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    return f"{text}:{port:04X}".encode()


def _parse_address(text: bytes) -> IpAddress:
    """Read an address that the kernel wrote."""
    words = (int(text[start : start + 8], 16) for start in range(0, len(text), 8))
    return ipaddress.ip_address(b"".join(word.to_bytes(4, sys.byteorder) for word in words))
