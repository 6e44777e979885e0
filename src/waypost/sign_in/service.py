"""Signing in on a server: slow, limited, and the same for all answers that fail.

Nothing of a password is stored or logged: it is in the memory of one request only.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Final

import structlog

from waypost.core.address import EmailAddress
from waypost.runtime.limits.ratelimit import RateLimiter, RateLimits, whole_seconds
from waypost.runtime.worker_pool import WorkerPool
from waypost.sign_in.authenticator import (
    Authenticator,
    Login,
    SignInLimited,
    SignInUnavailable,
)

THREADS: Final = 4
WAITING_MAX: Final = 16
CLOSE_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 4.0
"""An answer that fails is sent so long after its request, so that it does not show whether the mail
server was asked; Dovecot delays the answer to a wrong password by two seconds."""
WINDOW_SECONDS: Final = 900
ADDRESS_TRIES: Final = 5
"""How many passwords one address may try at once, and in each window after that."""
NETWORK_TRIES: Final = 20
"""The same for one client network."""


class SignInService:
    """The logins of one worker. Its limits are in memory, for each worker."""

    def __init__(
        self,
        authenticator: Authenticator,
        find_network: Callable[[str | None], bytes | None],
        *,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Initialize without a try yet.

        Args:
            authenticator: tries a login.
            find_network: returns the network of a client; None if it has no limits.
            pause_seconds: from the request to an answer that fails.
            clock: of the limits.
        """
        self._find_network = find_network
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._addresses = _limiter(ADDRESS_TRIES, clock)
        self._networks = _limiter(NETWORK_TRIES, clock)
        # Aliases and sub-addresses of one mailbox are different addresses.
        self._logins = _limiter(ADDRESS_TRIES, clock)
        self._waiting = 0
        self._log = structlog.get_logger(__name__)
        self._pool: WorkerPool[Login, bool] = WorkerPool(
            "sign-in", authenticator.accepts, THREADS, lambda: SignInUnavailable("a login failed")
        )

    def take(self, peer: str | None, address: EmailAddress) -> None:
        """Count a try, before anything is known about the address.

        Args:
            peer: the address of the client, after the headers of trusted proxies were read.
            address: of the mailbox, whether it exists or not.

        Raises:
            SignInLimited: the address or the network has tried too often.
        """
        now = self._clock()
        network = self._find_network(peer)
        seconds = 0.0 if network is None else self._networks.take(network, now)
        if seconds == 0.0:
            seconds = self._addresses.take(_key(address), now)
        if seconds > 0.0:
            raise SignInLimited(whole_seconds(seconds))

    async def accepts(self, login: Login) -> bool:
        """Return whether a login is right.

        Raises:
            SignInLimited: the login name has been tried too often, by other addresses of it.
            SignInUnavailable: this is not known, or too many others wait for the same.
        """
        seconds = self._logins.take(_login_key(login), self._clock())
        if seconds > 0.0:
            raise SignInLimited(whole_seconds(seconds))
        if self._waiting >= WAITING_MAX:
            raise SignInUnavailable("too many logins wait for the mail server")
        self._waiting += 1
        try:
            return await self._pool.submit(login)
        except SignInUnavailable as error:
            self._log.warning("a person cannot sign in now", reason=str(error))
            raise
        finally:
            self._waiting -= 1

    async def pause(self, start: float) -> None:
        """Wait until an answer that fails may be sent: at the same time for each reason.

        Args:
            start: of the request, by `perf_counter`.
        """
        await asyncio.sleep(max(0.0, start + self._pause_seconds - time.perf_counter()))

    def close(self) -> None:
        """End the threads."""
        self._pool.close(CLOSE_SECONDS)


def _limiter(tries: int, clock: Callable[[], float]) -> RateLimiter:
    return RateLimiter(RateLimits(tries / WINDOW_SECONDS, tries, 0), clock=clock)


def _key(address: EmailAddress) -> bytes:
    """Return the key of an address: all spellings and sub-addresses of a mailbox count together."""
    local_part = address.local_part.lower().partition("+")[0]
    return hashlib.sha256(f"{local_part}@{address.domain.ascii}".encode()).digest()


def _login_key(login: Login) -> bytes:
    """Return the key of a login name at a server; most servers ignore the case of names."""
    return hashlib.sha256(f"{login.endpoint.host}\0{login.name.casefold()}".encode()).digest()
