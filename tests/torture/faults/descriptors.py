"""Workers whose file descriptors are all in use."""

import socket
import time
from contextlib import ExitStack, suppress
from typing import Final

from tests.torture.attack import Figure
from tests.torture.deployment import DESCRIPTORS, WORKERS, with_database
from tests.torture.fault import REPEATED, Fault, Trial

_CONNECTIONS: Final = 2 * WORKERS * DESCRIPTORS
_IDLE: Final = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def _connect_often(trial: Trial) -> list[Figure]:
    """Open and keep more connections than all workers have descriptors."""
    opened = 0
    place = ("127.0.0.1", trial.deployment.server.port)
    with ExitStack() as stack:
        end = time.monotonic() + trial.seconds
        while opened < _CONNECTIONS:
            one = stack.enter_context(socket.create_connection(place, 5))
            with suppress(OSError):
                one.sendall(_IDLE)
            opened += 1
        time.sleep(max(0.0, end - time.monotonic()))
    return [Figure("connections opened", opened, "", _CONNECTIONS, at_least=True)]


FAULTS = (
    Fault(
        "more connections than file descriptors",
        with_database,
        _connect_often,
        REPEATED,
        ("too many connections",),
        5,
    ),
)
