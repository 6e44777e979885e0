"""Token buckets: how much each client network may ask.

A bucket is one number, the moment when it has exactly one token (the generic cell rate algorithm,
ITU-T I.371 s5.4.1.2 and appendix 1). A network that has not asked for some time needs none.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

NETWORKS_MAX: Final = 20_000
"""How many networks have a bucket; those that asked longest ago lose theirs first."""


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of each network.

    Attributes:
        rate: how many tokens a bucket gets in a second; more than 0.
        burst: how many tokens a full bucket has; at least 1.
        query_cost: how many tokens a query of a database or a directory costs, in addition to the
            one token of its request.
    """

    rate: float
    burst: int
    query_cost: int


class RateLimiter:
    """The buckets of all networks that have asked one worker.

    The buckets are in two dicts, because a dict that keeps the order of its last uses takes longer
    than all the rest: when the first one is full, it becomes the second one, which is dropped.
    """

    def __init__(
        self,
        limits: RateLimits,
        *,
        networks_max: int = NETWORKS_MAX,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Create full buckets.

        Args:
            limits: of each network.
            networks_max: how many networks have a bucket; at least 2.
            clock: monotonic seconds; `take` gets times of the same clock.
        """
        self.limits = limits
        self._seconds_per_token = 1 / limits.rate
        self._seconds_per_query = limits.query_cost / limits.rate
        self._burst_seconds = limits.burst / limits.rate
        self._seconds_to_all_but_one = (limits.burst - 1) / limits.rate
        self._recent_max = networks_max // 2
        self._clock = clock
        self._recent: dict[bytes, float] = {}  # when a bucket has, or had, exactly one token
        self._earlier: dict[bytes, float] = {}

    def __len__(self) -> int:
        """Return how many networks have a bucket."""
        return len(self._recent.keys() | self._earlier.keys())

    def take(self, network: bytes, now: float) -> float:
        """Take the token of a request.

        Args:
            network: a key of the client's network.
            now: the time.

        Returns:
            0 if there was a token; otherwise the seconds until there is one, and nothing is taken.
        """
        full = now - self._seconds_to_all_but_one
        token_at = self._recent.get(network)
        if token_at is None:
            token_at = self._earlier_bucket(network, full)
        if token_at > now:
            return token_at - now
        # Not `max`, which takes longer than the rest: this runs for each answer from memory.
        if token_at < full:  # noqa: PLR1730
            token_at = full
        self._recent[network] = token_at + self._seconds_per_token
        return 0.0

    def charge_query(self, network: bytes) -> None:
        """Take the tokens of a query, even if there are fewer: later requests then wait longer.

        A bucket owes at most as much as a full one has, so that no client waits without end.
        """
        full = self._clock() - self._seconds_to_all_but_one
        token_at = self._recent.get(network)
        if token_at is None:
            token_at = self._earlier_bucket(network, full)
        token_at = max(token_at, full) + self._seconds_per_query
        self._recent[network] = min(token_at, full + 2 * self._burst_seconds)

    def _earlier_bucket(self, network: bytes, full: float) -> float:
        """Return the bucket of a network that has not asked recently; make room for it.

        Args:
            network: a key of the network.
            full: the bucket, if it is full.
        """
        token_at = self._earlier.get(network, full)
        if len(self._recent) >= self._recent_max:
            self._earlier, self._recent = self._recent, {}
        # Even a refused network has asked recently, so its empty bucket stays.
        self._recent[network] = token_at
        return token_at


def whole_seconds(seconds: float) -> int:
    """Return a time as Retry-After needs it (RFC 9110 s10.2.3): whole seconds, at least one."""
    return max(1, math.ceil(seconds))
