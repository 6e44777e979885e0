"""A pool of idle LDAP sessions."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from waypost.directory.ldap.session import Session
from waypost.runtime import threads

IDLE_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class _IdleSession:
    session: Session
    since: float


class Pool:
    """A pool of idle sessions, shared by threads."""

    def __init__(
        self, idle_seconds: float = IDLE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Create an empty pool.

        Args:
            idle_seconds: how long an idle session is kept.
            clock: a monotonic clock, in seconds.
        """
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[_IdleSession] = []
        self._sweeper: threading.Timer | None = None
        self._closed = False

    def acquire(self, url: str) -> Session | None:
        """Return the most recent session with a server, and close the sessions with others."""
        with self._lock:
            others = [idle.session for idle in self._idle if idle.session.server.url != url]
            self._idle = [idle for idle in self._idle if idle.session.server.url == url]
            newest = self._idle.pop().session if self._idle else None
        for session in others:
            session.close()
        return newest

    def release(self, session: Session) -> None:
        """Add an idle session."""
        with self._lock:
            is_open = not self._closed
            if is_open:
                self._idle.append(_IdleSession(session, self._clock()))
                self._start_sweeper()
        if not is_open:
            session.close()

    def clear(self) -> None:
        """Close all sessions: if one of them is dead, the others probably are too."""
        with self._lock:
            all_idle, self._idle = self._idle, []
        for idle in all_idle:
            idle.session.close()

    def close(self) -> None:
        """Close all sessions, and those that are returned later."""
        with self._lock:
            self._closed = True
            if self._sweeper is not None:
                self._sweeper.cancel()
        self.clear()

    def __len__(self) -> int:
        """Return the number of idle sessions."""
        return len(self._idle)

    def _start_sweeper(self) -> None:
        if self._sweeper is None:
            sweeper = threading.Timer(self._idle_seconds, self._sweep)
            sweeper.daemon = True
            with suppress(
                threads.ThreadStartError
            ):  # The next connection that comes back tries again.
                threads.start(sweeper)
                self._sweeper = sweeper

    def _sweep(self) -> None:
        with self._lock:
            self._sweeper = None
            oldest = self._clock() - self._idle_seconds
            old = [idle for idle in self._idle if idle.since <= oldest]
            self._idle = [idle for idle in self._idle if idle.since > oldest]
            if self._idle and not self._closed:
                self._start_sweeper()
        for idle in old:
            idle.session.close()
