"""How often people may try to sign in, how many wait, and when an answer that fails is sent.

All workers of one Waypost count together; how many calls wait is a limit of each worker.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from waypost.core.address import EmailAddress
from waypost.core.errors import WaypostError
from waypost.runtime.limits.ratelimit import RateLimits, whole_seconds
from waypost.runtime.limits.shared_ratelimit import SharedBuckets, SharedRateLimiter
from waypost.runtime.worker_pool import WorkerPool
from waypost.sign_in.authenticator import SignInLimited

PAUSE_SECONDS: Final = 4.0
"""An answer that fails is sent so long after its request, so that it does not show whether the mail
server was asked; Dovecot delays the answer to a wrong password by two seconds."""
WINDOW_SECONDS: Final = 900
ADDRESS_TRIES: Final = 5
"""How many passwords one address may try at once, and in each window after that."""
NETWORK_TRIES: Final = 20
"""The same for one client network."""
THREADS: Final = 4
WAITING_MAX: Final = 16
"""How many calls run and wait at once."""
CLOSE_SECONDS: Final = 1.0

FindNetwork = Callable[[str | None], bytes | None]
"""Returns the network of a client; None if it has no limits."""
Argument = TypeVar("Argument")
Result = TypeVar("Result")


class TriesLimit:
    """A limit of tries in each window."""

    def __init__(
        self, name: str, tries: int, buckets: SharedBuckets, clock: Callable[[], float]
    ) -> None:
        """Initialize with the tries of all workers.

        Args:
            name: of the limit; each has its own tries in the buckets.
            tries: in each window.
            buckets: of all workers.
            clock: monotonic seconds, the same in each worker.
        """
        self._name = name.encode()
        self._clock = clock
        self._limiter = SharedRateLimiter(
            RateLimits(tries / WINDOW_SECONDS, tries, 0), buckets, clock=clock
        )

    def take(self, key: bytes | None) -> None:
        """Count a try; None has no limit.

        Raises:
            SignInLimited: there were too many.
        """
        if key is None:
            return
        cells = self._limiter.cells_of(self._name + b"\0" + key)
        seconds = self._limiter.take(cells, self._clock())
        if seconds > 0.0:
            raise SignInLimited(whole_seconds(seconds))


class SignInLimits:
    """The limits of addresses and of client networks, and the pause before a failing answer."""

    def __init__(
        self,
        name: str,
        find_network: FindNetwork,
        buckets: SharedBuckets,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Initialize with the tries of all workers.

        Args:
            name: of the way to sign in; each has its own limits.
            buckets: of all workers.
            find_network: returns the network of a client.
            pause_seconds: from the request to an answer that fails.
            clock: of the limits.
        """
        self._find_network = find_network
        self._pause_seconds = pause_seconds
        self._addresses = TriesLimit(f"{name} address", ADDRESS_TRIES, buckets, clock)
        self._networks = TriesLimit(f"{name} network", NETWORK_TRIES, buckets, clock)

    def take(self, peer: str | None, address: EmailAddress) -> None:
        """Count a try, before anything is known about the address.

        Args:
            peer: the address of the client, after the headers of trusted proxies were read.
            address: of the mailbox, whether it exists or not.

        Raises:
            SignInLimited: the address or the network has tried too often.
        """
        self._networks.take(self._find_network(peer))
        self._addresses.take(_key(address))

    async def pause(self, start: float) -> None:
        """Wait until an answer that fails may be sent: at the same time for each reason.

        Args:
            start: of the request, by `perf_counter`.
        """
        await asyncio.sleep(max(0.0, start + self._pause_seconds - time.perf_counter()))


def _key(address: EmailAddress) -> bytes:
    """Return the key of an address: all spellings and sub-addresses of a mailbox count together."""
    local_part = address.local_part.lower().partition("+")[0]
    return hashlib.sha256(f"{local_part}@{address.domain.ascii}".encode()).digest()


class LimitedPool(Generic[Argument, Result]):
    """Threads for the calls of sign-ins, and a limit of calls that run and wait."""

    def __init__(
        self,
        name: str,
        function: Callable[[Argument], Result],
        *,
        make_failure: Callable[[], WaypostError],
        make_busy: Callable[[], WaypostError],
    ) -> None:
        """Initialize with the function to call; no thread is started yet.

        Args:
            name: of the threads.
            function: may block, and raise any `WaypostError`.
            make_failure: returns the error of a call whose thread ended by a defect.
            make_busy: returns the error of a call if too many others wait.
        """
        self._pool = WorkerPool(name, function, THREADS, make_failure)
        self._make_busy = make_busy
        self._waiting = 0

    def check_free(self) -> None:
        """Check that one more call may wait.

        Raises:
            WaypostError: that of `make_busy`.
        """
        if self._waiting >= WAITING_MAX:
            raise self._make_busy()

    async def call(self, argument: Argument) -> Result:
        """Call the function in a thread, and return its result.

        Raises:
            WaypostError: that of the function, or one of the two errors.
        """
        self.check_free()
        self._waiting += 1
        try:
            return await self._pool.submit(argument)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads."""
        self._pool.close(CLOSE_SECONDS)
