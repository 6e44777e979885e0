"""`%2F` in the name of a provider, which is not a slash of the URL (RFC 3986 s2.2)."""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from waypost.web.public.request import Receive, Scope, Send

_SLASH: Final = re.compile(rb"%2f", flags=re.IGNORECASE)


class EncodedSlashes:
    """A middleware that keeps `%2F` below a path; the routes get it as `~2F`.

    ASGI decodes the path before a route is chosen, so `x%2Fservices` would be `services` of `x`.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], path: str) -> None:
        """Initialize with the application, and with the path."""
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application."""
        if scope["type"] == "http" and scope["path"].startswith(self._path):
            raw, count = _SLASH.subn(b"~2F", scope.get("raw_path") or b"")
            if count:
                scope = {**scope, "path": unquote(raw.decode("latin-1"))}
        await self._app(scope, receive, send)
