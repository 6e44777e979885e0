"""Connections to the first address of several that accepts one."""

import socket
from contextlib import closing

import pytest

from waypost.net.deadline import Deadline
from waypost.net.failures import NoConnection
from waypost.net.tcp import connect_first

Address = tuple[socket.AddressFamily, tuple[str, int]]


def unused() -> Address:
    """Return an address of this machine where no server listens."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        return socket.AF_INET, ("127.0.0.1", bound.getsockname()[1])


def test_the_first_address_that_accepts() -> None:
    """An address that refuses connections is passed over."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        addresses = [unused(), (socket.AF_INET, ("127.0.0.1", port))]
        with closing(connect_first(addresses, Deadline(5))) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)


def test_the_last_error() -> None:
    """If no address accepts a connection, the error is that of the last one."""
    with pytest.raises(ConnectionRefusedError):
        connect_first([unused(), unused()], Deadline(5))


def test_no_address() -> None:
    """Without any address there is an error as well."""
    with pytest.raises(NoConnection):
        connect_first([], Deadline(5))


def test_no_time_left() -> None:
    """After the time limit no address is tried."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = socket.AF_INET, server.getsockname()
        with pytest.raises(TimeoutError):
            connect_first([address], Deadline(0))
