"""Sockets that the service manager opened and passed to this process: sd_listen_fds(3).

Such a socket stays open while Waypost restarts: connections wait in its backlog.
"""

import os
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Final

from waypost.core.errors import SettingsError

FIRST_DESCRIPTOR: Final = 3  # SD_LISTEN_FDS_START of sd-daemon.h
MAX_DESCRIPTORS: Final = 64
ADMIN_NAME: Final = "admin"
"""`FileDescriptorName=` of a socket for the admin listener; any other name is the public one."""
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


@dataclass(frozen=True, slots=True)
class PassedSockets:
    """The listening sockets of both listeners; each tuple may be empty."""

    public: tuple[socket.socket, ...] = ()
    admin: tuple[socket.socket, ...] = ()

    def close(self) -> None:
        """Close all of them in this process."""
        for listener in (*self.public, *self.admin):
            listener.close()


def take_passed_sockets(environ: MutableMapping[str, str], pid: int) -> PassedSockets:
    """Return the passed sockets, and remove the variables, so that no other process reads them.

    Args:
        environ: the environment.
        pid: the id of this process; variables for another process are ignored.

    Raises:
        SettingsError: a passed descriptor is not a socket for the listener of its name.
    """
    for_pid, count_text, names_text = (environ.pop(name, "") for name in _VARIABLES)
    if for_pid != f"{pid}" or not count_text.isascii() or not count_text.isdigit():
        return PassedSockets()
    count = int(count_text)
    if count > MAX_DESCRIPTORS:
        raise SettingsError(
            [f"LISTEN_FDS: {count} sockets, but at most {MAX_DESCRIPTORS} are used"]
        )
    names = names_text.split(":") if names_text else []
    names += [""] * (count - len(names))
    sockets = [_open(FIRST_DESCRIPTOR + i, name) for i, name in enumerate(names[:count])]
    found = PassedSockets(
        tuple(one for one, name in zip(sockets, names, strict=False) if name != ADMIN_NAME),
        tuple(one for one, name in zip(sockets, names, strict=False) if name == ADMIN_NAME),
    )
    try:
        for listener in found.admin:
            _require_loopback(listener)
    except SettingsError:
        found.close()
        raise
    return found


def _open(descriptor: int, name: str) -> socket.socket:
    """Return the listening socket of a descriptor, which processes started here do not inherit."""
    place = f"socket {descriptor} ({name})" if name else f"socket {descriptor}"
    try:
        os.set_inheritable(descriptor, False)
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError([f"{place} of the service manager: {reason}"]) from error
    families = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
    is_stream = listener.family in families and listener.type == socket.SOCK_STREAM
    if not is_stream or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.detach()
        message = "not a listening stream socket; use ListenStream= and Accept=no in its unit"
        raise SettingsError([f"{place} of the service manager: {message}"])
    if listener.family == socket.AF_UNIX and not isinstance(listener.getsockname(), str):
        # An abstract one (unix(7)): every user of the machine may connect to it.
        listener.detach()
        message = "a Unix socket without a path; use ListenStream=/PATH in its unit"
        raise SettingsError([f"{place} of the service manager: {message}"])
    return listener


def _require_loopback(listener: socket.socket) -> None:
    address = listener.getsockname()
    host = address[0] if listener.family in {socket.AF_INET, socket.AF_INET6} else ""
    if host != "::1" and not host.startswith("127."):
        message = (
            f"listens on {address}, but must listen on a loopback address, because the admin "
            "listener has no TLS, and answers /tls/ask and /metrics without a sign-in"
        )
        raise SettingsError([f"socket {ADMIN_NAME} of the service manager: {message}"])
