"""Which requests the admin listener accepts: from this machine, or through its own web server."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse

from waypost.core.host import is_loopback
from waypost.web.public.origin.forwarding import is_forwarded
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.request import Receive, Scope, Send

REFUSAL: Final = "only programs on this machine may ask, at http://127.0.0.1 or http://[::1]\n"
REMOTE_PATHS: Final = ("/api/", "/admin/")
"""The URLs that need a token or a session. Only these are for other machines."""
_PROXY: Final = ProxyTrust(proxy_count=1)


class AccessGuard:
    """A middleware that refuses requests which the operator has not allowed.

    A program on this machine may ask for every URL. If `admin_url` is set, a web server on this
    machine may forward requests for this URL, but only for what needs a token or a session.
    """

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], admin_url: str | None = None
    ) -> None:
        """Initialize with the application that gets the accepted requests, and with `admin_url`."""
        self._app = app
        self._host = None if admin_url is None else urlsplit(admin_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or answer 403."""
        if scope["type"] == "http" and not is_direct(scope):
            if not self._is_remote(scope):
                await PlainTextResponse(REFUSAL, 403)(scope, receive, send)
                return
            client = scope["client"]
            origin = _PROXY.resolve(client[0], scope["scheme"], scope["headers"])
            scope = {**scope, "client": (origin.peer or client[0], client[1]), "scheme": "https"}
        await self._app(scope, receive, send)

    def _is_remote(self, scope: Scope) -> bool:
        """Return whether the web server in front forwarded a request for `admin_url`.

        A request with another Host is refused: a foreign page can make a browser send one.
        """
        client = scope.get("client")
        if self._host is None or client is None or not is_loopback(client[0]):
            return False
        hosts = [
            value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"
        ]
        return hosts == [self._host] and scope["path"].startswith(REMOTE_PATHS)


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
