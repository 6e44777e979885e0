"""`/healthz` and `/readyz`, for load balancers: whether a process lives, and can answer.

Anyone can ask, so the answers have no details; the admin listener has them.
"""

from typing import Final

from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.request import Request
from waypost.web.public.response import Response, not_found, text

FORMAT: Final = "health"
"""The name in metrics."""
ALIVE: Final = "/healthz"
READY: Final = "/readyz"
_NO_STORE: Final = ("cache-control", "no-store")


async def alive(context: AppContext, _request: Request, _log_entry: AccessLogEntry) -> Response:
    """Answer 200: the process reads requests and answers them."""
    if context.is_ready is None:
        return not_found()
    return text(200, "ok", "ok").plus(_NO_STORE)


async def ready(context: AppContext, _request: Request, _log_entry: AccessLogEntry) -> Response:
    """Answer 200 if mail clients get their answers, else 503."""
    if context.is_ready is None:
        return not_found()
    if context.is_ready():
        return text(200, "ready", "ok").plus(_NO_STORE)
    return text(503, "not ready", "not_ready").plus(_NO_STORE)


def is_check(request: Request) -> bool:
    """Return whether a load balancer asks: a refusal would take this server out of service."""
    return request.path in {ALIVE, READY} and request.method in {"GET", "HEAD"}


def is_quiet(format_name: str, status: int) -> bool:
    """Return whether an answer is too frequent and too dull for the access log."""
    return format_name == FORMAT and status == 200
