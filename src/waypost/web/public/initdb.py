"""automx2's `/initdb/`: sample data, a JSON seed, a purge, for the machine's own operator only.

This is the one place where the public listener changes anything. To everybody else it does not
exist: the answer is the same 404 as for any unknown path.
"""

import asyncio
from typing import Final

from waypost.errors import ProvidersError, RequestError, RequestTooLarge
from waypost.seeding import Seeding
from waypost.web.public.context import Context, Noted
from waypost.web.public.proxy import is_forwarded, is_loopback
from waypost.web.public.reply import Reply, not_found, text
from waypost.web.public.request import Request

PATH: Final = "/initdb"
SEED_MAX_OCTETS: Final = 16 * 1024 * 1024


async def get(context: Context, request: Request, _noted: Noted) -> Reply:
    """Fill an empty database with the sample providers; HEAD changes nothing."""
    if (seeding := _allowed(context, request)) is None:
        return not_found()
    if request.method == "HEAD":
        return text(200, "GET fills an empty database with sample providers", "ok")
    return _filled(await asyncio.to_thread(seeding.sample))


async def post(context: Context, request: Request, _noted: Noted) -> Reply:
    """Fill an empty database from a JSON seed of automx2; a seed with mistakes changes nothing."""
    if (seeding := _allowed(context, request)) is None:
        return not_found()
    try:
        seed = await request.body(SEED_MAX_OCTETS)
        return _filled(await asyncio.to_thread(seeding.seed, seed))
    except RequestTooLarge as error:
        return text(413, str(error), error.code).plus(("connection", "close"))
    except (ProvidersError, RequestError) as error:
        return text(400, str(error), error.code)


async def delete(context: Context, request: Request, _noted: Noted) -> Reply:
    """Empty the database."""
    if (seeding := _allowed(context, request)) is None:
        return not_found()
    await asyncio.to_thread(seeding.purge)
    return text(200, "the database is empty now", "ok")


def exists_for(context: Context, request: Request) -> bool:
    """Tell whether this client may see that `/initdb/` is there at all."""
    return _allowed(context, request) is not None


def _filled(was_empty: bool) -> Reply:
    if was_empty:
        return text(200, "the database is filled now", "ok")
    return text(200, "the database holds providers already; nothing was changed", "unchanged")


def _allowed(context: Context, request: Request) -> Seeding | None:
    """Tell whether the operator speaks to us directly, from this machine.

    A browser on this machine may be led here by a foreign page: by a host name that suddenly
    resolves to loopback (then Host is not loopback), or by a form or script on another site (then
    Origin or Sec-Fetch-Site tell).
    """
    origin = request.header(b"origin")
    direct = (
        request.direct_peer is not None
        and is_loopback(request.direct_peer)
        and not is_forwarded(request.headers)
        and is_loopback(request.origin.host)
        and request.header(b"sec-fetch-site") in {"", "none", "same-origin"}
        and (not origin or is_loopback(origin.partition("://")[2]))
    )
    return context.seeding if direct else None
