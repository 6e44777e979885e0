"""Sessions that wait for the next question."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from waypost import threads
from waypost.directory.ldap.session import Session

IDLE_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class _Idle:
    session: Session
    since: float


class Pool:
    """Keeps what is idle for a while; threads share it."""

    def __init__(
        self, idle_seconds: float = IDLE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin empty.

        Args:
            idle_seconds: how long a session is kept that nobody needs.
            clock: seconds that only grow.
        """
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[_Idle] = []
        self._sweeper: threading.Timer | None = None
        self._closed = False

    def take(self, url: str) -> Session | None:
        """Return the session with a server that was used last, and let go of those with others."""
        with self._lock:
            others = [one.session for one in self._idle if one.session.server.url != url]
            self._idle = [one for one in self._idle if one.session.server.url == url]
            taken = self._idle.pop().session if self._idle else None
        for session in others:
            session.close()
        return taken

    def put(self, session: Session) -> None:
        """Keep a session."""
        with self._lock:
            kept = not self._closed
            if kept:
                self._idle.append(_Idle(session, self._clock()))
                self._watch()
        if not kept:
            session.close()

    def clear(self) -> None:
        """Let go of all: what happened to one has happened to the others."""
        with self._lock:
            idle, self._idle = self._idle, []
        for one in idle:
            one.session.close()

    def close(self) -> None:
        """Let go of all, and of those that come back later."""
        with self._lock:
            self._closed = True
            if self._sweeper is not None:
                self._sweeper.cancel()
        self.clear()

    def __len__(self) -> int:
        """Count what is idle."""
        return len(self._idle)

    def _watch(self) -> None:
        if self._sweeper is None:
            sweeper = threading.Timer(self._idle_seconds, self._sweep)
            sweeper.daemon = True
            with suppress(threads.NoThread):  # The next connection that comes back tries again.
                threads.start(sweeper)
                self._sweeper = sweeper

    def _sweep(self) -> None:
        with self._lock:
            self._sweeper = None
            oldest = self._clock() - self._idle_seconds
            old = [one for one in self._idle if one.since <= oldest]
            self._idle = [one for one in self._idle if one.since > oldest]
            if self._idle and not self._closed:
                self._watch()
        for one in old:
            one.session.close()
