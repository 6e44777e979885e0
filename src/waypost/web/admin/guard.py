"""Access to the admin listener: only for programs on this machine, because there are no tokens."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi.responses import PlainTextResponse

from waypost.web.public.origin.forwarding import is_forwarded
from waypost.web.public.origin.proxy import is_loopback
from waypost.web.public.request import Receive, Scope, Send

REFUSAL: Final = "only programs on this machine may ask, at http://127.0.0.1 or http://[::1]\n"


class LoopbackOnly:
    """A middleware that refuses every request that does not come directly from this machine."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Initialize with the application that gets the accepted requests."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or answer 403."""
        if scope["type"] == "http" and not is_direct(scope):
            await PlainTextResponse(REFUSAL, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_direct(scope: Scope) -> bool:
    """Return whether a program on this machine asks, and not a web server that forwards requests.

    A page of another site can send a browser on this machine here, with a host name that suddenly
    resolves to loopback (DNS rebinding); then Host is that name.
    """
    client = scope.get("client")
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return (
        client is not None
        and is_loopback(client[0])
        and not is_forwarded(scope["headers"])
        and all(is_loopback(host) for host in hosts)
    )
