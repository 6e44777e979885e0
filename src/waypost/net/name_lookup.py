"""Resolving host names with the system's resolver, within a deadline."""

import socket
import threading
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

from waypost.net.deadline import Deadline
from waypost.net.failures import NoConnection
from waypost.runtime import threads

ADDRESSES_MAX: Final = 8
PORT_MAX: Final = 65535
Address = tuple[socket.AddressFamily, tuple[object, ...]]
"""A family, and the address that its sockets connect to; its first element is the IP address."""


def look_up(host: str, port: int, deadline: Deadline) -> tuple[Address, ...]:
    """Return the addresses of a host, in the order in which they should be tried.

    An IP address in any spelling that the system accepts, such as 2130706433, needs no look-up.

    Raises:
        OSError: there is none, or none in time.
        UnicodeError, ValueError: the host or the port is not valid.
    """
    if not 0 < port <= PORT_MAX:
        raise OverflowError("the port is not valid")
    if addresses := numeric_addresses(host, port):
        return addresses
    # getaddrinfo(3) has no time limit and cannot be stopped, so a thread calls it; the thread ends
    # with the process at the latest.
    results: SimpleQueue[tuple[Address, ...] | Exception] = SimpleQueue()
    resolve = partial(_resolve, host, port, results)
    threads.start(threading.Thread(target=resolve, name="name-lookup", daemon=True))
    try:
        result = results.get(timeout=deadline.wait())
    except Empty as error:
        raise TimeoutError("the name server does not answer in time") from error
    if isinstance(result, Exception):
        raise result
    return result


def numeric_addresses(host: str, port: int) -> tuple[Address, ...]:
    """Return the address if a host is an IP address, in any spelling; none if it is a name."""
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return ()


def _resolve(host: str, port: int, results: "SimpleQueue[tuple[Address, ...] | Exception]") -> None:
    try:
        results.put(_addresses(host, port, 0))
    except (OSError, ValueError) as error:
        results.put(error)


def _addresses(host: str, port: int, flags: int) -> tuple[Address, ...]:
    address_infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    addresses = tuple(
        dict.fromkeys((family, address) for family, _, _, _, address in address_infos)
    )
    if not addresses:
        raise NoConnection(f"{host} has no address")
    return addresses[:ADDRESSES_MAX]
