"""Who may ask: only programs of this machine, as long as operators have no tokens."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi.responses import PlainTextResponse

from waypost.web.public.forwarding import is_forwarded
from waypost.web.public.proxy import is_loopback
from waypost.web.public.request import Receive, Scope, Send

REFUSAL: Final = "only programs of this machine are answered, at http://127.0.0.1 or http://[::1]\n"


class LoopbackOnly:
    """Refuses whoever does not ask directly from this machine, whatever they ask for."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Take the application behind."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] == "http" and not _is_direct(scope):
            await PlainTextResponse(REFUSAL, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_direct(scope: Scope) -> bool:
    """Return whether a program of this machine asks, and not a web server on behalf of others.

    A browser on this machine may be led here by a foreign page, through a host name that suddenly
    resolves to loopback; then Host is that name.
    """
    client = scope.get("client")
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return (
        client is not None
        and is_loopback(client[0])
        and not is_forwarded(scope["headers"])
        and all(is_loopback(host) for host in hosts)
    )
