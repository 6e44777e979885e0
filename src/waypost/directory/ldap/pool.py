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
class _Idle:
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
        self._idle: list[_Idle] = []
        self._sweeper: threading.Timer | None = None
        self._closed = False

    def take(self, url: str) -> Session | None:
        """Return the most recent session with a server, and close the sessions with others."""
        with self._lock:
            others = [one.session for one in self._idle if one.session.server.url != url]
            self._idle = [one for one in self._idle if one.session.server.url == url]
            taken = self._idle.pop().session if self._idle else None
        for session in others:
            session.close()
        return taken

    def put(self, session: Session) -> None:
        """Add an idle session."""
        with self._lock:
            kept = not self._closed
            if kept:
                self._idle.append(_Idle(session, self._clock()))
                self._watch()
        if not kept:
            session.close()

    def clear(self) -> None:
        """Close all sessions: if one of them is dead, the others probably are too."""
        with self._lock:
            idle, self._idle = self._idle, []
        for one in idle:
            one.session.close()

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

    def _watch(self) -> None:
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
            old = [one for one in self._idle if one.since <= oldest]
            self._idle = [one for one in self._idle if one.since > oldest]
            if self._idle and not self._closed:
                self._watch()
        for one in old:
            one.session.close()
