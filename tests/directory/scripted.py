"""A scripted directory, and a clock that the test sets."""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field

from tests.making import ALICE
from waypost.core.address import EmailAddress
from waypost.core.errors import WaypostError
from waypost.core.model import DirectoryLimits, FileDirectory
from waypost.directory.protocol import Entry

LIMITS = DirectoryLimits(time_limit_seconds=20, max_searches=2, ttl_seconds=60)
CONFIGURED = FileDirectory("people", "/people.csv", limits=LIMITS)
BOB = EmailAddress("bob", ALICE.domain)


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ScriptedDirectory:
    """A directory that answers from a dict, or fails, or waits for the test."""

    entries: dict[EmailAddress, Entry] = field(
        default_factory=lambda: {ALICE: {"login": ["a1"], "display_name": ["Alice"]}}
    )
    error: WaypostError | None = None
    asked: list[str] = field(default_factory=list)
    closed: bool = False
    go: threading.Event = field(default_factory=threading.Event)
    running: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.go.set()
        self._lock = threading.Lock()

    def find(self, address: EmailAddress) -> Entry | None:
        with self._lock:
            self.asked.append(str(address))
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.go.wait(30)
        with self._lock:
            self.running -= 1
        if self.error is not None:
            raise self.error
        return self.entries.get(address)

    def close(self) -> None:
        self.closed = True


def run(work: Coroutine[object, object, None]) -> None:
    """Run a coroutine to its end."""
    asyncio.run(work)
