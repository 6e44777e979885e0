"""The network of the tests' own is closed, and left behind completely."""

import socket
from pathlib import Path

import pytest

from tests.servers.private_network import private_network, second_address
from tests.servers.requirements import require

NAMESPACE = Path("/proc/thread-self/ns/net")


def test_it_is_closed_and_left_again() -> None:
    """Inside, loopback works and nothing outside can be reached; afterwards all is as before."""
    require(private_network=True)
    before = NAMESPACE.readlink()
    with private_network():
        assert NAMESPACE.readlink() != before
        with socket.create_server(("127.0.0.1", 443)) as server:
            socket.create_connection(server.getsockname(), timeout=1).close()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside,
            pytest.raises(OSError, match="Network is unreachable"),
        ):
            outside.connect(("192.0.2.1", 53))  # RFC 5737: unused
    assert NAMESPACE.readlink() == before


def test_a_second_address() -> None:
    """With one more address names are found by AI_ADDRCONFIG too, and the network stays closed."""
    require(private_network=True)

    def looked_up() -> list[object]:
        flags = socket.AI_ADDRCONFIG
        found = socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM, flags=flags)
        return [address for *_, address in found]

    with private_network():
        with pytest.raises(socket.gaierror):
            looked_up()
        with second_address(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
            assert looked_up() == [("127.0.0.1", 80)]
            with pytest.raises(OSError, match="Network is unreachable"):
                outside.connect(("192.0.2.1", 53))
        with pytest.raises(socket.gaierror):
            looked_up()
