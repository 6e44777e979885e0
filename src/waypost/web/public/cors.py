"""Answers that scripts of other sites may read, because they are the same for all clients (CORS).

Mail clients that run in a browser request Autoconfig, PACC and the well-known URLs. This server has
no cookies and no logins, so such a script reads only public data. WHATWG Fetch s3.3.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from waypost.web.app_context import AccessLogEntry, AppContext, Handler
from waypost.web.public.request import Request
from waypost.web.public.response import TEXT, Response

ANY_ORIGIN: Final = ("access-control-allow-origin", "*")
# Fetch s4.9: `*` does not cover Authorization, which JMAP clients send with the first request.
HEADERS: Final = "*, Authorization, Content-Type, Depth, If-None-Match"
MAX_AGE_SECONDS: Final = 7200
"""How long a browser may keep this; Chromium keeps nothing longer."""


def shared(get: Handler) -> Mapping[str, Handler]:
    """Return the handlers of a document that scripts of other sites may read."""
    return {"GET": get, "OPTIONS": _options}


def is_preflight(request: Request) -> bool:
    """Return whether a browser asks what a script may send (Fetch s3.3.2)."""
    return (
        request.method == "OPTIONS"
        and bool(request.header(b"origin"))
        and bool(request.header(b"access-control-request-method"))
    )


def preflight(methods: Sequence[str]) -> Response:
    """Answer a preflight, even at a URL that redirects: browsers do not follow redirects of one."""
    return _no_content(methods).plus(
        ("access-control-allow-methods", ", ".join(methods)),
        ("access-control-allow-headers", HEADERS),
        ("access-control-max-age", f"{MAX_AGE_SECONDS}"),
    )


async def _options(_context: AppContext, _request: Request, _log_entry: AccessLogEntry) -> Response:
    """Answer OPTIONS (RFC 9110 s9.3.7)."""
    return _no_content(("GET", "HEAD", "OPTIONS"))


def _no_content(methods: Sequence[str]) -> Response:
    return Response(204, TEXT, b"", (("allow", ", ".join(methods)),))
