"""The network of the tests' own is closed, and left behind completely."""

import socket
from pathlib import Path

import pytest

from tests.servers.private_network import private_network
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
            outside.connect(("192.0.2.1", 53))  # RFC 5737: belongs to nobody
    assert NAMESPACE.readlink() == before
