"""Workers whose file descriptors are all in use."""

import socket
import time
from contextlib import ExitStack, suppress
from typing import Final

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Figure
from tests.torture.deployment import DESCRIPTORS, WORKERS, with_database
from tests.torture.fault import REPEATED, Fault, Trial
from tests.torture.waiting import seconds_until

_CONNECTIONS: Final = 2 * WORKERS * DESCRIPTORS
_LOGGED: Final = "too many connections"
_IDLE: Final = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def _connect_often(trial: Trial) -> list[Figure]:
    """Open and keep more connections than all workers have descriptors."""
    opened = 0
    place = ("127.0.0.1", trial.deployment.server.port)
    with ExitStack() as stack:
        server, end = trial.deployment.server, time.monotonic() + trial.seconds
        while opened < _CONNECTIONS:
            one = stack.enter_context(socket.create_connection(place, PATIENCE_SECONDS))
            with suppress(OSError):
                one.sendall(_IDLE)
            opened += 1
        seconds_until(lambda: _LOGGED in server.log_text())
        time.sleep(max(0.0, end - time.monotonic()))
    return [Figure("connections opened", opened, "", _CONNECTIONS, at_least=True)]


FAULTS = (
    Fault(
        "more connections than file descriptors",
        with_database,
        _connect_often,
        REPEATED,
        (_LOGGED,),
        5,
    ),
)
