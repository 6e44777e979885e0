"""The ASGI application of the public listener: one dict of lower-case paths.

A plain ASGI callable, because a framework's routing costs as much as the whole answer
(docs/decisions/0001-public-listener.md).
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from waypost.errors import StoreError, StoreUnavailable
from waypost.settings import Settings
from waypost.web.public import autoconfig, autodiscover, initdb, mobileconfig, root
from waypost.web.public.access_log import AccessLog
from waypost.web.public.context import Context, Handler, Noted
from waypost.web.public.proxy import ProxyTrust
from waypost.web.public.reply import Reply, method_not_allowed, not_found, text
from waypost.web.public.request import Receive, Request, Scope, Send
from waypost.wiring import Wired, address_hasher, wire

RETRY_AFTER_SECONDS: Final = 30

Methods = Mapping[str, Handler]


def routes() -> dict[str, Methods]:
    """Give the handlers by path (lower case, no trailing slash) and method."""
    table: dict[str, Methods] = {path: {"GET": autoconfig.by_address} for path in autoconfig.PATHS}
    table[autodiscover.PATH] = {"GET": autodiscover.get, "POST": autodiscover.post}
    table[mobileconfig.PATH] = {"GET": mobileconfig.get}
    table[initdb.PATH] = {"GET": initdb.get, "POST": initdb.post, "DELETE": initdb.delete}
    table["/"] = {"GET": root.get}
    return table


class PublicApp:
    """What uvicorn calls, once for each connection's request and once for the life of a worker."""

    def __init__(self, settings: Settings, connect: Callable[[Settings], Wired] = wire) -> None:
        """Take the settings; nothing is opened before the worker starts.

        Args:
            settings: all options.
            connect: opens store and lookup when the worker starts.
        """
        self._settings = settings
        self._connect = connect
        self._routes = routes()
        self._ispdb: Methods = {"GET": autoconfig.by_domain}
        self._trust = ProxyTrust(settings.proxy_count, settings.trusted_proxies)
        self._access_log = AccessLog(address_hasher(settings))
        self._wired: Wired | None = None
        self._context: Context | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and self._context is not None:
            await self._http(self._context, scope, receive, send)

    async def _http(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = self._request(scope, receive)
        noted = Noted()
        reply = await self._reply(context, request, noted)
        await reply.send(send, head=request.method == "HEAD")
        milliseconds = (time.perf_counter() - started) * 1000
        self._access_log.write(request, reply, noted, milliseconds)

    async def _reply(self, context: Context, request: Request, noted: Noted) -> Reply:
        methods = self._methods(request.path)
        if methods is None:
            return not_found()
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            if methods is self._routes[initdb.PATH] and not initdb.exists_for(context, request):
                return not_found()
            return method_not_allowed(*_allowed(methods))
        try:
            return await handler(context, request, noted)
        except (StoreUnavailable, StoreError) as error:
            reply = text(503, "the service cannot answer now; ask again later", error.code)
            return reply.plus(("retry-after", str(RETRY_AFTER_SECONDS)))

    def _methods(self, path: str) -> Methods | None:
        if not path.isascii():
            return None
        key = path.rstrip("/").lower() or "/"
        methods = self._routes.get(key)
        if methods is None and key.startswith(autoconfig.ISPDB_PREFIX) and key.count("/") == 2:
            return self._ispdb
        return methods

    def _request(self, scope: Scope, receive: Receive) -> Request:
        headers = scope["headers"]
        client = scope.get("client")
        peer = client[0] if client else None
        return Request(
            method=scope["method"],
            path=scope["path"],
            raw_path=scope.get("raw_path") or scope["path"].encode(),
            query_string=scope["query_string"],
            headers=headers,
            direct_peer=peer,
            origin=self._trust.resolve(peer, scope["scheme"], headers),
            receive=receive,
        )

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    self._open()
                except (StoreError, StoreUnavailable) as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._wired is not None:
                    await self._wired.cache.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _open(self) -> None:
        self._wired = self._connect(self._settings)
        self._context = Context(
            lookup=self._wired.lookup,
            max_age_seconds=self._settings.max_age,
            seeding=self._wired.seeding,
        )


def _allowed(methods: Methods) -> list[str]:
    """List the methods of a path, HEAD wherever GET is (RFC 9110 s9.1)."""
    allowed = list(methods)
    if "GET" in methods:
        allowed.insert(allowed.index("GET") + 1, "HEAD")
    return allowed
