"""Clients that send requests to a server during an attack."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from tests.torture.server import Server, ask

AUTOCONFIG = "/mail/config-v1.1.xml?emailaddress="


@contextmanager
def crowd(
    server: Server, address: Callable[[int], str], threads: int = 4, pause: float = 0.02
) -> Iterator[None]:
    """Request one address after the other, while `with` lasts.

    Args:
        server: gets requests for Autoconfig.
        address: returns the address of a number; the numbers count from 0.
        threads: how many requests run at once.
        pause: the seconds between two requests of a thread.
    """
    end = threading.Event()
    numbers = count()

    def run() -> None:
        while not end.wait(pause):
            with suppress(OSError, http.client.HTTPException):
                ask(server.port, f"{AUTOCONFIG}{address(next(numbers))}")

    running = [threading.Thread(target=run) for _ in range(threads)]
    for one in running:
        one.start()
    try:
        yield
    finally:
        end.set()
        for one in running:
            one.join()
