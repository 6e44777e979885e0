"""Signing in on a server: slow, limited, and the same for all answers that fail.

Nothing of a password is stored or logged: it is in the memory of one request only.
"""

import hashlib
import time
from collections.abc import Callable

import structlog

from waypost.core.address import EmailAddress
from waypost.runtime.limits.shared_ratelimit import SharedBuckets
from waypost.sign_in.authenticator import Authenticator, Login, SignInUnavailable
from waypost.sign_in.limits import (
    ADDRESS_TRIES,
    PAUSE_SECONDS,
    FindNetwork,
    LimitedPool,
    SignInLimits,
    TriesLimit,
)


class SignInService:
    """The logins of one worker. All workers count their tries together."""

    def __init__(
        self,
        authenticator: Authenticator,
        find_network: FindNetwork,
        buckets: SharedBuckets,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Initialize with the tries of all workers.

        Args:
            authenticator: tries a login.
            find_network: returns the network of a client; None if it has no limits.
            buckets: of the limits, shared by all workers.
            pause_seconds: from the request to an answer that fails.
            clock: of the limits.
        """
        self._limits = SignInLimits("password", find_network, buckets, pause_seconds, clock)
        # Aliases and sub-addresses of one mailbox are different addresses.
        self._logins = TriesLimit("login", ADDRESS_TRIES, buckets, clock)
        self._log = structlog.get_logger(__name__)
        self._pool = LimitedPool(
            "sign-in",
            authenticator.accepts,
            make_failure=lambda: SignInUnavailable("a login failed"),
            make_busy=lambda: SignInUnavailable("too many logins wait for the mail server"),
        )

    def take(self, peer: str | None, address: EmailAddress) -> None:
        """Count a try, as `SignInLimits.take`."""
        self._limits.take(peer, address)

    async def accepts(self, login: Login) -> bool:
        """Return whether a login is right.

        Raises:
            SignInLimited: the login name has been tried too often, by other addresses of it.
            SignInUnavailable: this is not known, or too many others wait for the same.
        """
        self._logins.take(_login_key(login))
        self._pool.check_free()  # A flood of logins is not logged.
        try:
            return await self._pool.call(login)
        except SignInUnavailable as error:
            self._log.warning("a person cannot sign in now", reason=str(error))
            raise

    async def pause(self, start: float) -> None:
        """Wait until an answer that fails may be sent, as `SignInLimits.pause`."""
        await self._limits.pause(start)

    def close(self) -> None:
        """End the threads."""
        self._pool.close()


def _login_key(login: Login) -> bytes:
    """Return the key of a login name at a server; most servers ignore the case of names."""
    return hashlib.sha256(f"{login.endpoint.host}\0{login.name.casefold()}".encode()).digest()
