"""An LDAP directory for several threads: connection pool, failover, and failback."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import structlog

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryBusy
from waypost.directory.ldap.connect import open_session
from waypost.directory.ldap.errors import AMBIGUOUS, LdapFailure, LdapProblem
from waypost.directory.ldap.filters import fill_filter
from waypost.directory.ldap.options import ConnectionOptions
from waypost.directory.ldap.pool import Pool
from waypost.directory.ldap.session import SearchEntry, Session
from waypost.directory.ldap.tls import TlsContexts
from waypost.directory.protocol import Entry
from waypost.net.deadline import Deadline
from waypost.runtime import threads
from waypost.runtime.log_throttle import LogThrottle

FAILBACK_SECONDS: Final = 60.0
"""After this time, the servers that precede the current one in `urls` are tried again."""


class LdapClient:
    """A directory of users in LDAP. Implements `directory.Directory`."""

    def __init__(
        self,
        options: ConnectionOptions,
        *,
        pool: Pool | None = None,
        failback_seconds: float = FAILBACK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the directory; no connection is made yet.

        Args:
            options: its configuration.
            pool: the idle sessions.
            failback_seconds: how long to use a later server before an earlier one is tried again.
            clock: a monotonic clock, in seconds.
        """
        self._options = options
        self._pool = pool if pool is not None else Pool()
        self._contexts = TlsContexts(options.tls_options)
        self._failback_seconds = failback_seconds
        self._clock = clock
        self._slots = threading.BoundedSemaphore(options.limits.max_searches)
        self._lock = threading.Lock()
        self._current = 0
        self._failback_at = math.inf
        self._ambiguity_log = LogThrottle(clock)
        self._closed = False
        self._log = structlog.get_logger(__name__)

    def find(self, address: EmailAddress) -> Entry | None:
        """Return the attributes of the one entry that the filter finds, or None.

        Raises:
            DirectoryUnavailable: no server answers, or not in time.
            DirectoryError: a server answers, but with an error.
        """
        text = fill_filter(self._options.filter, address)
        with self._slot():
            try:
                entries = self._search_pooled(text)
            except LdapFailure as failure:
                raise failure.as_error(self._options.label) from None
        self._schedule_failback()
        if len(entries) > 1:
            if self._ambiguity_log.should_log():
                # Without the address: the log must not contain it.
                self._log.warning(AMBIGUOUS, directory=self._options.label)
            return None
        return entries[0].attributes if entries else None

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        self._pool.close()

    def _search_pooled(self, text: str) -> list[SearchEntry]:
        if self._closed:
            raise LdapFailure(LdapProblem.CLOSED)
        session = self._pool.acquire(self._options.servers[self._current].url)
        if session is not None:
            try:
                return self._search(session, text)
            except LdapFailure as failure:
                if failure.problem not in {LdapProblem.CUT, LdapProblem.BUSY}:
                    raise
                # The connection may have been dead for a long time, like the other idle ones.
                self._pool.clear()
        return self._search_new_connection(text)

    def _search_new_connection(self, text: str) -> list[SearchEntry]:
        """Search with a new connection to the first server that answers."""
        failures: list[LdapFailure] = []
        count = len(self._options.servers)
        first = self._current
        for index in [(first + step) % count for step in range(count)]:
            try:
                session = self._open(index)
                entries = self._search(session, text)
            except LdapFailure as failure:
                if not failure.problem.message.other_server:
                    raise
                failures.append(failure)
                continue
            self._switch_to(index, failures)
            return entries
        # If one of the failures is temporary, the failure of the directory is temporary too.
        raise next((failure for failure in failures if failure.temporary), failures[0])

    def _open(self, index: int) -> Session:
        return open_session(self._options, self._options.servers[index], self._contexts)

    def _search(self, session: Session, text: str) -> list[SearchEntry]:
        deadline = Deadline(self._options.limits.time_limit_seconds)
        try:
            entries = session.search(self._options, text, deadline)
        except LdapFailure as failure:
            session.close()
            if failure.problem is LdapProblem.SEARCH_TIMEOUT:
                # There is no time to try another server now; the next search uses another one.
                self._pool.clear()
                self._avoid_server(session.server.url, failure)
            raise
        self._pool.release(session)
        return entries

    def _switch_to(self, index: int, failures: Sequence[LdapFailure] = ()) -> None:
        with self._lock:
            if index != self._current:
                self._current = index
                self._log.warning(
                    "directory switched to another server",
                    directory=self._options.label,
                    server=self._options.servers[index].url,
                    reasons=[str(failure) for failure in failures],
                )
            if index == 0:
                self._failback_at = math.inf
            elif self._failback_at == math.inf:
                self._failback_at = self._clock() + self._failback_seconds

    def _avoid_server(self, url: str, failure: LdapFailure) -> None:
        current, count = self._current, len(self._options.servers)
        if count > 1 and self._options.servers[current].url == url:
            self._switch_to((current + 1) % count, [failure])

    def _schedule_failback(self) -> None:
        """Try earlier servers again when it is time, in a thread that no search waits for."""
        with self._lock:
            if self._clock() < self._failback_at:
                return
            self._failback_at = self._clock() + self._failback_seconds
        name = f"ldap-return-{self._options.label}"
        with suppress(threads.ThreadStartError):  # It is tried again after the same time.
            threads.start(
                threading.Thread(target=self._try_preferred_servers, name=name, daemon=True)
            )

    def _try_preferred_servers(self) -> None:
        for index in range(self._current):
            try:
                session = self._open(index)
            except LdapFailure:
                continue
            self._switch_to(index)
            self._pool.release(session)
            return

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._options.limits.time_limit_seconds):
            failure = LdapFailure(LdapProblem.ALL_IN_USE)
            raise DirectoryBusy(f"directory {self._options.label}: {failure}")
        try:
            yield
        finally:
            self._slots.release()
