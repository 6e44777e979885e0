"""What every request to the API needs: the use cases of its principal."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from waypost.admin.access.tokens import Tokens
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.source import AdminSource
from waypost.runtime.limits.ratelimit import RateLimiter, RateLimits, whole_seconds
from waypost.web.admin.api.authorization import TokenAuthorization
from waypost.web.admin.api.problems import ApiError

REQUEST_LIMITS: Final = RateLimits(rate=100.0, burst=400, query_cost=0)
"""How many requests the programs with one token may send."""


@dataclass(frozen=True, slots=True)
class ApiContext:
    """What the API of one process needs.

    Attributes:
        source: the domains.
        tokens: the valid tokens.
        authorization: finds the principal of a request.
        limiter: of the requests of each token.
    """

    source: AdminSource
    tokens: Tokens
    authorization: TokenAuthorization
    limiter: RateLimiter


async def find_principal(request: Request) -> Principal:
    """Return who makes a request.

    Raises:
        ApiError: 401 without a valid token, 429 if there are too many requests.
    """
    context: ApiContext = request.app.state.api
    principal = await context.authorization(request)
    seconds = context.limiter.take(principal.id.encode(), context.authorization.clock())
    if seconds:
        headers = {"retry-after": f"{whole_seconds(seconds)}"}
        raise ApiError(429, "too_many_requests", "too many requests with this token", headers)
    return principal


def use_cases(request: Request, principal: "CurrentPrincipal") -> Admin:
    """Return the use cases of the principal of a request."""
    context: ApiContext = request.app.state.api
    return Admin(context.source, principal)


def current_tokens(request: Request) -> Tokens:
    """Return the tokens of this installation."""
    context: ApiContext = request.app.state.api
    return context.tokens


CurrentPrincipal = Annotated[Principal, Depends(find_principal)]
CurrentAdmin = Annotated[Admin, Depends(use_cases)]
