"""A private network for a test: only a loopback interface, without a route to the outside.

For programs started inside, every port is free, also 80 and 443, whatever else runs on the
machine. They reach only one another. See network_namespaces(7).
"""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x40000000  # linux/sched.h
_SIOCGIFFLAGS = 0x8913  # linux/sockios.h
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_SIOCSIFNETMASK = 0x891C
_IFF_UP = 0x1  # linux/if.h
_SECOND = b"lo:1"


@contextmanager
def private_network() -> Iterator[None]:
    """Move this thread, and the programs that it starts meanwhile, to a new network.

    Raises PermissionError for a process without CAP_SYS_ADMIN.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as outer:
        _check(libc.unshare(_CLONE_NEWNET))
        try:
            _start_loopback()
            yield
        finally:
            _check(libc.setns(outer.fileno(), _CLONE_NEWNET))


@contextmanager
def second_address(address: str = "198.51.100.1") -> Iterator[None]:
    """Set an address of a private network that is not a loopback address, as machines have.

    Without such an address, programs that resolve names with AI_ADDRCONFIG find no addresses at
    all, getaddrinfo(3).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
            fcntl.ioctl(any_socket, request, _with_address(value))
        try:
            yield
        finally:
            fcntl.ioctl(any_socket, _SIOCSIFADDR, _with_address("0.0.0.0"))  # none


def _with_address(value: str) -> bytes:
    # struct ifreq of netdevice(7): a name, and a struct sockaddr_in of ip(7)
    return struct.pack("16sHH4s16x", _SECOND, socket.AF_INET, 0, socket.inet_aton(value))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _start_loopback() -> None:
    request = struct.Struct("16sh22x")  # struct ifreq of netdevice(7): a name and its flags
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request.pack(b"lo", 0))
        name, flags = request.unpack(asked)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request.pack(name, flags | _IFF_UP))
