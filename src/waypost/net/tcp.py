"""Connect to one of several addresses within a time limit."""

import socket
from collections.abc import Sequence

from waypost.net.deadline import Deadline
from waypost.net.failures import NoConnection

SocketAddress = tuple[socket.AddressFamily, tuple[object, ...] | str]
"""An address family, and the address for its sockets; a path for Unix sockets."""


def connect_first(addresses: Sequence[SocketAddress], deadline: Deadline) -> socket.socket:
    """Return a connection to the first address that accepts one.

    Args:
        addresses: each with the family of its sockets.
        deadline: for all addresses together.

    Raises:
        OSError: none accepts a connection; this is the error of the last address.
    """
    failure: OSError = NoConnection("the host has no address")
    for index, (family, address) in enumerate(addresses):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            # An address that never answers must leave time for the others.
            sock.settimeout(deadline.wait() / (len(addresses) - index))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure
