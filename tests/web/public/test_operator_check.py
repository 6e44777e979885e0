"""The user at the other end of a loopback connection, by tables in the kernel's format."""

import asyncio
import ipaddress
import socket
import struct
import time
from pathlib import Path

import pytest

from waypost.web.app_context import Address
from waypost.web.public.origin.operator_check import SocketOwnerCheck
from waypost.web.public.origin.tcp_table import TableUnavailable, TcpTable

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
OURS, OTHERS = 990, 1000  # users
CLIENT, SERVER = ("127.0.0.1", 50000), ("127.0.0.1", 4243)
CLIENT6, SERVER6 = ("::1", 50000), ("::1", 4243)
MAPPED, MAPPED_SERVER = ("::ffff:127.0.0.1", 50000), ("::ffff:127.0.0.1", 4243)
STRANGER = ("192.0.2.7", 33333)
STRANGER6 = ("2001:db8::7", 33333)
NOBODY_THERE = ("0.0.0.0", 0)


def written(address: tuple[str, int]) -> str:
    """Write an address as the kernel does on this machine."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    packed = socket.inet_pton(family, address[0])
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{address[1]:04X}"


def row(
    local: tuple[str, int],
    remote: tuple[str, int],
    *,
    uid: int = 0,
    inode: int = 77,
    state: str = "01",
) -> str:
    """Write a row."""
    ends = f"{written(local)} {written(remote)} {state}"
    return f"   9: {ends} 00000000:00000000 00:00000000 00000000 {uid:5}        0 {inode} 1 0000"


class FakeProc:
    """A folder like /proc."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "self/net").mkdir(parents=True)
        self.process(1, 5)

    def table(self, name: str, *rows: str) -> None:
        """Write a table of connections."""
        text = "\n".join([HEAD, *rows]) + "\n"
        (self.folder / "self/net" / name).write_text(text, encoding="ascii")

    def process(self, number: int, *inodes: int) -> None:
        """Add a process with open sockets, and its terminal."""
        descriptors = self.folder / f"{number}" / "fd"
        descriptors.mkdir(parents=True)
        (descriptors / "0").symlink_to("/dev/pts/0")
        for count, inode in enumerate(inodes, 3):
            (descriptors / f"{count}").symlink_to(f"socket:[{inode}]")

    def refusal(self, client: Address | None = CLIENT, server: Address | None = SERVER) -> str:
        """Ask whether a client is the operator; return an empty text if it is."""
        return asyncio.run(SocketOwnerCheck(self.folder, OURS).refusal(client, server)) or ""


@pytest.fixture(name="proc")
def _proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


OWN_END = row(SERVER, CLIENT, uid=OURS, inode=78)
USERS = [
    # the user of the client's end, the reason for a refusal
    (0, ""),
    (OURS, ""),
    (OTHERS, "the client runs as user 1000"),
    (33, "the client runs as user 33"),
    (65534, "the client runs as user 65534"),
]


@pytest.mark.parametrize(("uid", "refusal"), USERS)
def test_users(proc: FakeProc, uid: int, refusal: str) -> None:
    """Root and Waypost's own user are the operator, and no other user."""
    proc.table("tcp", OWN_END, row(CLIENT, SERVER, uid=uid))
    proc.process(20, 77)

    assert proc.refusal().startswith(refusal)
    assert bool(proc.refusal()) == bool(refusal)


FAMILIES = [
    # the table, both ends in the client's row, and both ends as Waypost's socket names them
    ("tcp", (CLIENT, SERVER), (CLIENT, SERVER)),
    ("tcp", (CLIENT, SERVER), (MAPPED, MAPPED_SERVER)),
    ("tcp6", (MAPPED, MAPPED_SERVER), (CLIENT, SERVER)),
    ("tcp6", (MAPPED, MAPPED_SERVER), (MAPPED, MAPPED_SERVER)),
    ("tcp6", (CLIENT6, SERVER6), (CLIENT6, SERVER6)),
]


@pytest.mark.parametrize(("name", "row_ends", "ends"), FAMILIES)
@pytest.mark.parametrize("uid", [0, OTHERS])
def test_families(
    proc: FakeProc,
    uid: int,
    name: str,
    row_ends: tuple[tuple[str, int], tuple[str, int]],
    ends: tuple[Address, Address],
) -> None:
    """A client is found by IPv4, IPv6, and an IPv6 socket that is connected to an IPv4 address."""
    proc.table("tcp")
    proc.table("tcp6")
    local, remote = row_ends
    proc.table(name, row(remote, local, uid=OURS, inode=78), row(local, remote, uid=uid))
    proc.process(20, 77)

    assert (proc.refusal(*ends) == "") == (uid == 0)


NOT_THERE = [
    pytest.param((), "not in the kernel's table", id="no row"),
    pytest.param((OWN_END,), "not in the kernel's table", id="our end alone"),
    pytest.param((row(CLIENT, ("127.0.0.1", 4244)),), "not in the kernel's table", id="port"),
    pytest.param((row(CLIENT, ("127.0.0.2", 4243)),), "not in the kernel's table", id="address"),
    # The kernel shows a socket that is closed, and open in no process, as root's.
    pytest.param((row(CLIENT, SERVER, inode=0, state="06"),), "closed", id="TIME_WAIT"),
    pytest.param((row(CLIENT, SERVER, inode=0, state="04"),), "closed", id="FIN_WAIT1"),
    pytest.param((row(CLIENT, SERVER, inode=0, state="05"),), "closed", id="FIN_WAIT2"),
    pytest.param((row(CLIENT, SERVER, inode=0),), "closed", id="held by no process"),
    pytest.param(
        (row(CLIENT, SERVER, uid=0), row(CLIENT, SERVER, uid=33, inode=79)),
        "not in the kernel's table",
        id="two answers",
    ),
]


@pytest.mark.parametrize(("rows", "refusal"), NOT_THERE)
def test_missing_connection(proc: FakeProc, rows: tuple[str, ...], refusal: str) -> None:
    """If the client's end is missing, or closed, no client is the operator."""
    proc.table("tcp", *rows)
    proc.process(20, 77)

    assert refusal in proc.refusal()


OTHER_SOCKETS = [
    # a second socket of the client's process, and whether that makes it a proxy
    pytest.param("tcp", row(("0.0.0.0", 80), NOBODY_THERE, state="0A"), True, id="any"),
    pytest.param("tcp", row(("127.0.0.1", 80), NOBODY_THERE, state="0A"), True, id="loopback"),
    pytest.param("tcp6", row(("::", 80), ("::", 0), state="0A"), True, id="IPv6"),
    pytest.param("tcp", row(("192.0.2.1", 80), STRANGER), True, id="accepted"),
    pytest.param("tcp6", row(("2001:db8::1", 80), STRANGER6), True, id="accepted by IPv6"),
    pytest.param("tcp6", row(("::ffff:192.0.2.1", 80), ("::ffff:192.0.2.7", 3)), True, id="mapped"),
    pytest.param("tcp", row(("127.0.0.1", 4243), ("127.0.0.1", 7)), True, id="accepted from here"),
    pytest.param("tcp", row(("127.0.0.1", 50001), ("127.0.0.1", 5432)), False, id="a database"),
    pytest.param("tcp6", row(("::1", 50001), ("::1", 5432)), False, id="one by IPv6"),
    pytest.param("tcp6", row(MAPPED, ("::ffff:127.0.0.1", 5432)), False, id="one by a mapped one"),
]


@pytest.mark.parametrize(("name", "other", "is_proxy"), OTHER_SOCKETS)
@pytest.mark.parametrize("uid", [0, OURS])
def test_proxy_of_root(proc: FakeProc, uid: int, name: str, other: str, is_proxy: bool) -> None:
    """A process that listens, or that is connected to other machines, may be a proxy."""
    ours = row(SERVER, NOBODY_THERE, uid=OURS, inode=5, state="0A")
    tables = {"tcp": [ours, OWN_END, row(CLIENT, SERVER, uid=uid)], "tcp6": []}
    tables[name].append(other.replace(" 77 ", " 79 "))
    for each, rows in tables.items():
        proc.table(each, *rows)
    proc.process(20, 77)
    proc.process(21, 77, 79)  # A forked child has the socket open as well.

    assert ("is a server" in proc.refusal()) == is_proxy


UNIX_HEAD = "Num       RefCount Protocol Flags    Type St Inode Path"
UNIX_SOCKETS = [
    # flags, type, state and path of a Unix socket of the client's process, and whether it serves
    pytest.param("00010000 0001 01", " /run/php/php-fpm.sock", True, id="listens"),
    pytest.param("00010000 0001 01", " @front", True, id="listens at an abstract name"),
    pytest.param("00010000 0005 01", " /run/front", True, id="listens for packets"),
    pytest.param("00000000 0001 03", " /run/a front end.sock", True, id="accepted"),
    pytest.param("00000000 0001 03", "", False, id="connected to the journal, or to a child"),
    pytest.param("00000000 0002 01", " /run/here", False, id="datagrams"),
]


@pytest.mark.parametrize(("what", "path", "is_proxy"), UNIX_SOCKETS)
@pytest.mark.parametrize("uid", [0, OURS])
def test_proxy_at_a_unix_socket(
    proc: FakeProc, uid: int, what: str, path: str, *, is_proxy: bool
) -> None:
    """A process that serves others by a Unix socket may be a proxy."""
    proc.table("tcp", OWN_END, row(CLIENT, SERVER, uid=uid))
    rows = [
        UNIX_HEAD,
        "0000000000000000: 00000002 00000000 00010000 0001 01  5 /run/waypost.sock",
        f"0000000000000000: 00000002 00000000 {what} 79{path}",
        "",
    ]
    (proc.folder / "self/net/unix").write_text("\n".join(rows), encoding="utf-8")
    proc.process(20, 77, 79)

    assert ("is a server" in proc.refusal()) == is_proxy


def test_unix_table_that_cannot_be_read(proc: FakeProc) -> None:
    """If the table of Unix sockets cannot be read, no client is the operator."""
    proc.table("tcp", OWN_END, row(CLIENT, SERVER))
    proc.process(20, 77)
    (proc.folder / "self/net/unix").mkdir()

    assert "self/net/unix" in proc.refusal()


def test_client_in_another_container(proc: FakeProc) -> None:
    """A connection of a process that is not visible comes from another container."""
    proc.table("tcp", OWN_END, row(CLIENT, SERVER))

    assert "not visible" in proc.refusal()


def test_hidden_processes(proc: FakeProc) -> None:
    """If procfs hides others' processes, the client may be root's; Waypost's own are visible."""
    (proc.folder / "1").rename(proc.folder / "hidden")
    proc.table("tcp", OWN_END, row(CLIENT, SERVER))
    assert proc.refusal() == ""

    proc.table("tcp", OWN_END, row(CLIENT, SERVER, uid=OURS))
    assert "not visible" in proc.refusal()


@pytest.mark.parametrize(
    ("uid_map", "refusal"),
    [("0 0 4294967295", ""), ("0 1000 1", "not mapped in this user namespace")],
)
def test_user_without_a_number(proc: FakeProc, uid_map: str, refusal: str) -> None:
    """In a user namespace, 65534 is the number of all users that are not mapped."""
    proc.table("tcp", OWN_END, row(CLIENT, SERVER, uid=65534))
    proc.process(20, 77)
    (proc.folder / "self/uid_map").write_text(f"  {uid_map}\n", encoding="ascii")
    said = asyncio.run(SocketOwnerCheck(proc.folder, 65534).refusal(CLIENT, SERVER)) or ""

    assert refusal in said
    assert bool(said) == bool(refusal)


def test_no_table(proc: FakeProc) -> None:
    """On a system that does not show which user connects, no client is the operator."""
    assert "does not show which user" in proc.refusal()


def test_kernel_without_ipv6(proc: FakeProc) -> None:
    """A table for IPv6 may be missing."""
    proc.table("tcp", OWN_END, row(CLIENT, SERVER))
    proc.process(20, 77)

    assert proc.refusal() == ""


@pytest.mark.parametrize(
    ("client", "server"),
    [(None, SERVER), (CLIENT, None), (("", 0), ("/run/waypost.sock", None)), (CLIENT, ("x", 1))],
)
def test_no_tcp(proc: FakeProc, client: Address | None, server: Address | None) -> None:
    """A Unix socket has no operator at its other end."""
    proc.table("tcp")
    assert "no TCP address" in proc.refusal(client, server)


def test_many_sockets(tmp_path: Path) -> None:
    """A check of a table of any length ends in time."""
    proc = FakeProc(tmp_path)
    proc.table("tcp", *[OWN_END] * 5000)
    seconds = iter(range(100))
    table = TcpTable(tmp_path, 3.5, lambda: next(seconds))

    with pytest.raises(TableUnavailable, match="too long"):
        table.client_end(
            (ipaddress.ip_address("127.0.0.1"), 50000), (ipaddress.ip_address("127.0.0.1"), 4243)
        )


def test_one_check_at_a_time(proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of requests uses one thread, and requests that wait too long are refused."""
    monkeypatch.setattr("waypost.web.public.origin.operator_check.WAIT_SECONDS", 0.3)
    proc.table("tcp", OWN_END, row(CLIENT, SERVER))
    proc.process(20, 77)
    looking: list[object] = []

    def slow(_self: SocketOwnerCheck, *ends: object) -> None:
        looking.append(ends)
        time.sleep(0.1)
        assert looking.pop() == ends
        assert not looking

    monkeypatch.setattr(SocketOwnerCheck, "_check", slow)
    check = SocketOwnerCheck(proc.folder, OURS)

    async def flood() -> list[str | None]:
        return await asyncio.gather(*(check.refusal(CLIENT, SERVER) for _ in range(20)))

    said = asyncio.run(flood())
    assert said[0] is None
    assert said[-1] == "too many requests for /initdb/ at once"
