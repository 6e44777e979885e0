"""Whether the client of a loopback connection is the operator of this machine.

Headers cannot show this: a web server that forwards requests need not say so. The kernel records
which user made the client's socket (docs/decisions/0013-initdb-clients.md).
"""

import asyncio
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.web.app_context import Address, PeerCheck
from waypost.web.public.origin.tcp_table import (
    ESTABLISHED,
    SocketAddress,
    TableUnavailable,
    TcpConnection,
    TcpTable,
)
from waypost.web.public.origin.unix_table import accepts_connections

PROC: Final = Path("/proc")
CHECK_SECONDS: Final = 2.0
"""How long one check of the kernel's tables may take, however many sockets there are."""
WAIT_SECONDS: Final = 4.0
"""How long a request waits for the checks before it; only one runs at a time."""
_ROOT: Final = 0
# uid_map of a user namespace that maps all users: user_namespaces(7).
_ALL_USERS: Final = ["0", "0", "4294967295"]
_OVERFLOW_UID: Final = 65534


@dataclass(frozen=True, slots=True)
class RefuseAll:
    """A check that accepts no client.

    Attributes:
        reason: why, for the log.
    """

    reason: str

    async def refusal(self, _client: Address | None, _server: Address | None) -> str | None:
        """Return the reason."""
        return self.reason


class SocketOwnerCheck:
    """A check that accepts root and Waypost's own user, unless their process is a proxy."""

    def __init__(self, proc: Path = PROC, own_uid: int | None = None) -> None:
        """Initialize with the folder of procfs, and Waypost's own user; nothing is read yet."""
        self._proc = proc
        self._own_uid = own_uid
        self._lock = asyncio.Lock()

    async def refusal(self, client: Address | None, server: Address | None) -> str | None:
        """Return why the client is not the operator, or None if it is."""
        ends = _socket_address(client), _socket_address(server)
        if ends[0] is None or ends[1] is None:
            return "the connection has no TCP address"
        try:
            await asyncio.wait_for(self._lock.acquire(), WAIT_SECONDS)
        except TimeoutError:
            return "too many requests for /initdb/ at once"
        try:
            return await asyncio.to_thread(self._check, ends[0], ends[1])
        finally:
            self._lock.release()

    def _check(self, client: SocketAddress, server: SocketAddress) -> str | None:
        table = TcpTable(self._proc, CHECK_SECONDS)
        try:
            # A row may be missing if others of its hash chain end while the file is read.
            rows = table.client_end(client, server) or table.client_end(client, server)
            if len(rows) != 1:
                return "the connection is not in the kernel's table"
            return self._refusal_of_socket(table, rows.pop())
        except TableUnavailable as error:
            return str(error)

    def _refusal_of_socket(self, table: TcpTable, row: TcpConnection) -> str | None:
        # The table shows a socket that its process has closed as one of root's.
        if row.state != ESTABLISHED or row.inode == 0:
            return "the client has closed the connection"
        own = os.geteuid() if self._own_uid is None else self._own_uid
        if row.uid not in {_ROOT, own}:
            return f"the client runs as user {row.uid}, not as root or user {own}"
        if row.uid == _OVERFLOW_UID and not self._maps_all_users():
            return "the client's user is not mapped in this user namespace"
        return self._refusal_of_process(table, row)

    def _refusal_of_process(self, table: TcpTable, row: TcpConnection) -> str | None:
        """Refuse a program that serves others, if Waypost may read its process."""
        inodes, hidden = self._sockets_of_owners(table, row)
        if table.serves_others(inodes) or self._accepts_unix_connections(table, inodes):
            return "the client's process is a server, or is connected to another machine"
        if not inodes and not hidden:
            return "the client's process is not visible to Waypost"
        return None

    def _accepts_unix_connections(self, table: TcpTable, inodes: frozenset[int]) -> bool:
        folder = self._proc / "self" / "net"
        try:
            return accepts_connections(folder, inodes, table.check_time)
        except OSError as error:
            raise TableUnavailable(f"{folder / 'unix'}: {error.strerror}") from error

    def _sockets_of_owners(
        self, table: TcpTable, row: TcpConnection
    ) -> tuple[frozenset[int], bool]:
        """Return all sockets of the processes that have a socket open.

        Returns:
            Their inodes, and whether the socket may belong to a process that cannot be read.
        """
        inodes: set[int] = set()
        # Init always exists; if it is not visible, procfs hides others' processes (hidepid).
        hidden = row.uid == _ROOT and not (self._proc / "1").exists()
        for folder in self._proc.iterdir():
            if not folder.name.isdigit():
                continue
            table.check_time()
            try:
                own = _sockets(folder / "fd")
            except PermissionError:
                hidden = hidden or _owner(folder / "fd") == row.uid
                continue
            if row.inode in own:
                inodes |= own
        return frozenset(inodes), hidden

    def _maps_all_users(self) -> bool:
        try:
            text = (self._proc / "self" / "uid_map").read_text(encoding="ascii")
        except OSError:
            return False
        return text.split() == _ALL_USERS


def _sockets(folder: Path) -> set[int]:
    """Return the inodes of the sockets that a process holds; none if it has ended.

    Raises:
        PermissionError: the process may not be read.
    """
    inodes: set[int] = set()
    try:
        for descriptor in os.listdir(folder):  # noqa: PTH208 -- Path objects cost as much again
            try:
                target = os.readlink(f"{folder}/{descriptor}")  # noqa: PTH115
            except FileNotFoundError:
                continue  # closed since the listing
            if target.startswith("socket:["):
                inodes.add(int(target[8:-1]))
    except PermissionError:
        raise
    except OSError:
        return inodes  # The process has ended.
    return inodes


def _owner(descriptors: Path) -> int | None:
    """Return the owner of a process: root if it has changed to another user without exec.

    See proc_pid(5), "dumpable": a web server's process does not belong to its user's shells.
    """
    try:
        return descriptors.stat().st_uid
    except OSError:
        return None


def _socket_address(address: Address | None) -> SocketAddress | None:
    if address is None or address[1] is None:
        return None
    try:
        return ipaddress.ip_address(address[0]), address[1]
    except ValueError:
        return None


def operator_check(*, has_proxy: bool) -> PeerCheck:
    """Return the check who may use `/initdb/`: no client, if a proxy is configured."""
    return RefuseAll("proxy_count or trusted_proxies is set") if has_proxy else SocketOwnerCheck()
