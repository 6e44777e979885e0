"""A mail client that sends requests again and again, and measures how long it waits."""

import http.client
import threading
import time
from types import TracebackType
from typing import Final, Self

from tests.servers.patience import PATIENCE_SECONDS

PATH: Final = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
PAUSE_SECONDS: Final = 0.05


class Probe:
    """Requests a known address, each time with its own connection, while `with` lasts.

    Attributes:
        answers: how many answers were good.
        failures: what went wrong, as text.
        slowest: the longest time from the connection to a good answer, in seconds.
    """

    def __init__(self, port: int, path: str = PATH) -> None:
        """Initialize with the port on 127.0.0.1, and the path of the requests."""
        self.answers = 0
        self.failures: list[str] = []
        self.slowest = 0.0
        self._port = port
        self._path = path
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probe")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(PAUSE_SECONDS):
            try:
                self._ask()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{type(error).__name__}: {error}")

    def _ask(self) -> None:
        start = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", self._path)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status == 200 and body:
            self.answers += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
        else:
            self.failures.append(f"status {response.status}")
