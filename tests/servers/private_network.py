"""A network of a test's own: nothing but a loopback interface, and no way out.

Programs started inside find every port free, 80 and 443 too, whatever else runs on the machine;
they reach one another and nobody else. See network_namespaces(7).
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
_IFF_UP = 0x1  # linux/if.h


@contextmanager
def private_network() -> Iterator[None]:
    """Move this thread, and the programs that it starts meanwhile, to a network of their own.

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
