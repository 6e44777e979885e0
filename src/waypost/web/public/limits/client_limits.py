"""The answer to a network that asks too much, docs/decisions/0032-limits-of-clients.md."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final

import structlog

from waypost.runtime.limits.query_charges import charge_queries_to
from waypost.runtime.limits.ratelimit import RateLimits, whole_seconds
from waypost.runtime.limits.shared_ratelimit import Cells, SharedBuckets, SharedRateLimiter
from waypost.runtime.log_throttle import LogThrottle
from waypost.settings import Settings
from waypost.web.public.limits.client_networks import ClientNetworks
from waypost.web.public.log_texts import peer_for_log
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.response import NO_STORE, Response, text

CODE: Final = "rate_limited"
POLICY: Final = "network"
"""The name of the policy in the header fields of answers."""


class ClientLimits:
    """The limits of the client networks, in one worker.

    Attributes:
        take: takes a token of a network at a time of `perf_counter`, and returns 0; or the seconds
            until there is a token.
    """

    def __init__(self, settings: Settings, trust: ProxyTrust, buckets: SharedBuckets) -> None:
        """Initialize with the buckets of all workers.

        Args:
            settings: say how much a network may ask.
            trust: the proxies whose connections are those of many clients.
            buckets: how much each network has asked all workers.
        """
        self._networks = ClientNetworks(settings.rate_limit_exempt)
        self._trust = trust
        self._limiter: SharedRateLimiter | None = None
        self.take: Callable[[Cells, float], float] = _never_wait
        if settings.rate_limit > 0:
            self._limiter = SharedRateLimiter(
                RateLimits(
                    settings.rate_limit, settings.rate_limit_burst, settings.rate_limit_query_cost
                ),
                buckets,
            )
            self.take = self._limiter.take  # no method around it, for the time of the call
        self._log_throttle = LogThrottle()
        self._log = structlog.get_logger(__name__)

    def network(self, address: str | None) -> Cells | None:
        """Return the cells of the network that pays for the requests of a client.

        Args:
            address: of the client, after the headers of trusted proxies were read.

        Returns:
            None if no network has to pay.
        """
        if self._limiter is None or (network := self._networks.find(address)) is None:
            return None
        return self._limiter.cells_of(network)

    def connecting_network(self, address: str | None) -> bytes | None:
        """Return the network whose connections are counted; None if they are not.

        Args:
            address: of the other end of a connection.
        """
        return None if self._trust.trusts(address) else self._networks.find(address)

    def refusal(self, address: str | None) -> Response | None:
        """Take a token for a request, and charge its queries to its network.

        Args:
            address: of the client, after the headers of trusted proxies were read.

        Returns:
            the answer if there was no token; else None.
        """
        cells = self.network(address)
        if cells is None or self._limiter is None:
            charge_queries_to(None)
            return None
        seconds = self._limiter.take(cells, perf_counter())
        if seconds == 0.0:
            charge_queries_to(partial(self._limiter.charge_query, cells))
            return None
        if self._log_throttle.should_log():
            self._log.warning(
                "a client network asks too much; answering 429; if it is your web server, set "
                "trusted_proxies, and if it is your own network, add it to rate_limit_exempt",
                peer=peer_for_log(address),
            )
        return too_many_requests(self._limiter.limits, whole_seconds(seconds))


def _never_wait(_cells: Cells, _now: float) -> float:
    """Return 0: no network has a limit."""
    return 0.0


def too_many_requests(limits: RateLimits, seconds: int) -> Response:
    """Answer 429 (RFC 6585 s4), which no cache may keep, with the time to wait.

    `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-10 s3 and
    s4: a text that names the policy, its quota and window; what remains, and for how long.
    """
    line = f"too many requests from your network; ask again in {seconds} s"
    window = whole_seconds(limits.burst / limits.rate)
    return text(429, line, CODE).plus(
        ("retry-after", f"{seconds}"),
        ("ratelimit-policy", f'"{POLICY}";q={limits.burst};w={window}'),
        ("ratelimit", f'"{POLICY}";r=0;t={seconds}'),
        NO_STORE,
    )
