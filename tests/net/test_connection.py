"""Connections of the HTTP clients."""

import socket
import struct
from contextlib import closing

import pytest

from waypost.net.connection import open_connection
from waypost.net.deadline import Deadline


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_address_is_known_after_a_reset(address: str) -> None:
    """A server that resets the connection after its answer has the address that it had before."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.create_server((address, 0), family=family)) as server:
        addresses = [(family, server.getsockname())]
        with open_connection(addresses, Deadline(5)) as connection:
            accepted, _ = server.accept()
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
            with pytest.raises(ConnectionResetError):
                connection.sock.recv(1)
            with pytest.raises(OSError, match="not connected"):
                connection.sock.getpeername()
            assert (connection.address, connection.is_public) == (address, False)
