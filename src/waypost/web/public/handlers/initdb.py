"""automx2's `/initdb/`: sample data, a JSON seed, a purge, only for the operator of this machine.

This is the only URL of the public listener that changes data. Any other client gets the same 404 as
for an unknown path.
"""

import asyncio
from typing import Final

from waypost.core.errors import ProvidersError, RequestError, RequestTooLarge
from waypost.core.host import is_loopback
from waypost.web.app_context import AccessLogEntry, AppContext, InitdbOperations
from waypost.web.public.origin.forwarding import is_forwarded
from waypost.web.public.request import Request
from waypost.web.public.response import Response, method_not_allowed, not_found, text

PATH: Final = "/initdb"
SEED_MAX_BYTES: Final = 16 * 1024 * 1024


async def get(context: AppContext, request: Request, _log_entry: AccessLogEntry) -> Response:
    """Fill an empty database with the sample providers; HEAD changes nothing."""
    if (operations := await _initdb_for_operator(context, request)) is None:
        return not_found()
    if request.method == "HEAD":
        return text(200, "GET fills an empty database with sample providers", "ok")
    return _filled(await asyncio.to_thread(operations.write_sample))


async def post(context: AppContext, request: Request, _log_entry: AccessLogEntry) -> Response:
    """Fill an empty database from a JSON seed of automx2; a seed with errors changes nothing."""
    if (operations := await _initdb_for_operator(context, request)) is None:
        return not_found()
    try:
        import_seed = await request.body(SEED_MAX_BYTES)
        return _filled(await asyncio.to_thread(operations.import_seed, import_seed))
    except RequestTooLarge as error:
        return text(413, str(error), error.code)
    except (ProvidersError, RequestError) as error:
        return text(400, str(error), error.code)


async def delete(context: AppContext, request: Request, _log_entry: AccessLogEntry) -> Response:
    """Delete everything from the database."""
    if (operations := await _initdb_for_operator(context, request)) is None:
        return not_found()
    await asyncio.to_thread(operations.purge)
    return text(200, "the database is now empty", "ok")


async def wrong_method(context: AppContext, request: Request, *allowed: str) -> Response:
    """Refuse an unsupported method; for clients other than the operator the path does not exist."""
    if await _initdb_for_operator(context, request) is None:
        return not_found()
    return method_not_allowed(*allowed)


def _filled(was_empty: bool) -> Response:
    if was_empty:
        return text(200, "the database is now filled", "ok")
    return text(200, "the database holds providers already; nothing was changed", "unchanged")


async def _initdb_for_operator(context: AppContext, request: Request) -> InitdbOperations | None:
    """Return the operations if the operator is connected directly, from this machine.

    The most expensive check is last, and only for clients that pass the other ones.
    """
    if context.initdb is None or not _looks_local(request):
        return None
    reason = await context.peer_check.refusal(request.client, request.server)
    if reason is None:
        return context.initdb
    if context.refusal_log_limit.should_log():
        import structlog  # noqa: PLC0415 -- only for this line

        structlog.get_logger(__name__).warning(
            "/initdb/ refused a request from this machine",
            reason=reason,
            fix="use `waypost apply` instead",
        )
    return None


def _looks_local(request: Request) -> bool:
    """Check what the client itself sends; this alone proves nothing.

    A page of another site can send a browser on this machine here: with a host name that suddenly
    resolves to loopback (then Host is not loopback), or with a form or script on another site (then
    Origin or Sec-Fetch-Site shows it).
    """
    origin = request.header(b"origin")
    return (
        request.client is not None
        and is_loopback(request.client[0])
        and not is_forwarded(request.headers)
        and is_loopback(request.origin.host)
        and request.header(b"sec-fetch-site") in {"", "none", "same-origin"}
        and (not origin or is_loopback(origin.partition("://")[2]))
    )
