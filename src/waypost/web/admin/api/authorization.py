"""Who asks: the Bearer token of a request to the API (RFC 6750)."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

import structlog
from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from waypost.admin.principal import Principal
from waypost.runtime.limits.client_network import client_key
from waypost.runtime.limits.ratelimit import RateLimiter, RateLimits, whole_seconds
from waypost.runtime.log_throttle import LogThrottle
from waypost.web.admin.api.problems import ApiError

REALM: Final = "Waypost"
WRONG_LIMITS: Final = RateLimits(rate=1.0, burst=10, query_cost=0)
"""How many wrong tokens a network may send before the answers are delayed."""
DELAY_SECONDS: Final = 1.0
DELAYED_MAX: Final = 50
"""How many wrong requests wait at once; more are refused without a wait."""
_BEARER: Final = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*)", flags=re.IGNORECASE | re.ASCII)

Authenticate = Callable[[str, str | None], Principal | None]


class TokenAuthorization:
    """Finds the principal of a request by its token.

    A wrong token costs only its sender time: valid tokens are never delayed. A log line
    about wrong tokens is written at most once a minute.
    """

    def __init__(
        self, authenticate: Authenticate, clock: Callable[[], float], delay: float = DELAY_SECONDS
    ) -> None:
        """Initialize without wrong tokens.

        Args:
            authenticate: returns who has a token; it is called in a thread.
            clock: monotonic seconds.
            delay: how long the answer to one wrong token too many is delayed, in seconds.
        """
        self._authenticate = authenticate
        self.clock = clock
        self._delay = delay
        self._delayed = 0
        self._limiter = RateLimiter(WRONG_LIMITS, clock=clock)
        self._throttle = LogThrottle(clock)
        self._log = structlog.get_logger(__name__)

    async def __call__(self, request: Request) -> Principal:
        """Return who asks.

        Raises:
            ApiError: 401 without a valid token, 429 after too many wrong ones.
        """
        remote = request.client.host if request.client is not None else None
        headers = request.headers.getlist("authorization")
        if not headers:
            raise _unauthorized("this URL needs a token: Authorization: Bearer TOKEN")
        match = _BEARER.fullmatch(headers[0].strip()) if len(headers) == 1 else None
        if match is not None:
            principal = await run_in_threadpool(self._authenticate, match[1], remote)
            if principal is not None:
                return principal
        await self._refuse(remote)
        raise _unauthorized("the token is not valid", error="invalid_token")

    async def _refuse(self, remote: str | None) -> None:
        seconds = self._limiter.take(client_key(remote), self.clock())
        if self._throttle.should_log():
            self._log.warning("wrong API token; request refused", client=remote)
        if not seconds:
            return
        if self._delayed >= DELAYED_MAX:
            detail = "too many requests with wrong tokens"
            headers = {"retry-after": f"{whole_seconds(seconds)}"}
            raise ApiError(429, "too_many_requests", detail, headers)
        self._delayed += 1
        try:
            await asyncio.sleep(self._delay)
        finally:
            self._delayed -= 1


def _unauthorized(detail: str, error: str = "") -> ApiError:
    # RFC 6750 s3: without credentials, the challenge has no error code.
    challenge = f'Bearer realm="{REALM}"' + (f', error="{error}"' if error else "")
    return ApiError(401, "unauthorized", detail, {"www-authenticate": challenge})
