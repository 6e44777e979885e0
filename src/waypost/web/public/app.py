"""The ASGI application of the public listener: one dict of lower-case paths.

The application is a plain ASGI callable, because the routing of a framework takes as long as the
whole answer (docs/decisions/0001-public-listener.md).
"""

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from waypost.core.errors import RequestError, SigningUnavailable, StoreError, StoreUnavailable
from waypost.lookup.render_cache import RenderCache
from waypost.runtime.ratelimit import RateLimiter
from waypost.settings import Settings
from waypost.web.app_context import AppContext, Handler, PeerCheck, RequestLog
from waypost.web.public import cors
from waypost.web.public.access_log import AccessLog
from waypost.web.public.handlers import (
    autoconfig,
    autodiscover,
    autodiscover_json,
    initdb,
    mobileconfig,
    old_links,
    pacc,
    wellknown,
)
from waypost.web.public.origin.operator_check import operator_check
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.origin.schemes import SchemeCheck
from waypost.web.public.page import landing_page
from waypost.web.public.request import (
    Receive,
    Request,
    Scope,
    Send,
    decoded_path,
    names_one_host,
)
from waypost.web.public.response import (
    Response,
    method_not_allowed,
    not_found,
    text,
    with_retry_after,
)
from waypost.web.public.workers.terminal import Terminal
from waypost.wiring import Runtime, address_hasher, profile_settings, wire


@dataclass(frozen=True, slots=True)
class Route:
    """The handlers of a path.

    Attributes:
        format: its name in metrics.
        methods: the handlers by method.
        is_shared: whether scripts of other sites may read the answers.
    """

    format: str
    methods: Mapping[str, Handler]
    is_shared: bool = False


def routes() -> dict[str, Route]:
    """Return the routes by path (lower case, no trailing slash).

    The SOAP URLs of Exchange (MS-OXWSADISC), `/autodiscover/autodiscover.svc` and
    `/EWS/Exchange.asmx`, are missing: SOAP has nothing for a mail account. The 404 is sent before
    anything else of the request is read, and sends clients to the formats that are here.
    """
    by_address = Route("autoconfig", cors.shared(autoconfig.by_address), is_shared=True)
    table = dict.fromkeys(autoconfig.PATHS, by_address)
    for_all = Route("autoconfig", cors.shared(autoconfig.for_whole_domain), is_shared=True)
    table[autoconfig.FOR_WHOLE_DOMAIN] = for_all
    outlook = {"GET": autodiscover.get, "POST": autodiscover.post}
    table[autodiscover.PATH] = Route("autodiscover", outlook)
    table[autodiscover_json.PATH] = Route("autodiscover_json", {"GET": autodiscover_json.get})
    table[pacc.PATH] = Route("pacc", cors.shared(pacc.get), is_shared=True)
    for name, kind in wellknown.TYPES.items():
        handlers = wellknown.handlers(kind)
        table[f"{wellknown.PREFIX}{name}"] = Route("redirect", handlers, is_shared=True)
    apple = {"GET": mobileconfig.get, "POST": mobileconfig.post}
    table[mobileconfig.PATH] = Route("mobileconfig", apple)
    table |= dict.fromkeys(old_links.PATHS, Route("mobileconfig", {"GET": old_links.get}))
    seeding = {"GET": initdb.get, "POST": initdb.post, "DELETE": initdb.delete}
    table[initdb.PATH] = Route("initdb", seeding)
    table["/"] = Route("page", {"GET": landing_page.get})
    return table


class PublicApp:
    """The application, which uvicorn calls for each request and for the life of a worker."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[Settings], Runtime] = wire,
        *,
        hangups: bool = False,
        hung_up: Callable[[], None] | None = None,
        peer_check: PeerCheck | None = None,
        newly_dropped: Callable[[], int] = int,
    ) -> None:
        """Initialize with the settings; nothing is opened before the worker starts.

        Args:
            settings: all options.
            connect: opens store and lookup when the worker starts.
            hangups: whether SIGHUP, blocked until then, makes the worker reload what it serves.
            hung_up: also called at SIGHUP.
            peer_check: decides who may use `/initdb/`; None to follow the settings and the kernel.
            newly_dropped: returns how many lines the log has dropped since the last call.
        """
        self._newly_dropped = newly_dropped
        has_proxy = bool(settings.proxy_count or settings.trusted_proxies)
        self._peer_check = peer_check or operator_check(has_proxy=has_proxy)
        self._hangups = hangups
        self._hung_up = hung_up
        self._terminal = Terminal()
        self._settings = settings
        self._connect = connect
        self._routes = routes()
        self._ispdb = Route("autoconfig", cors.shared(autoconfig.by_domain), is_shared=True)
        self._trust = ProxyTrust(
            settings.proxy_count, settings.trusted_proxies, settings.unix_socket is not None
        )
        self._access_log = AccessLog(address_hasher(settings))
        self._runtime: Runtime | None = None
        self._context: AppContext | None = None
        self._watch: asyncio.Task[None] | None = None
        self._log = structlog.get_logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and self._runtime is not None and self._context is not None:
            await self._http(self._runtime, self._context, scope, receive, send)

    async def _http(
        self, runtime: Runtime, context: AppContext, scope: Scope, receive: Receive, send: Send
    ) -> None:
        started = time.perf_counter()
        request = self._request(scope, receive)
        noted = RequestLog()
        route = self._route(request.path, has_slashes=b"//" in request.raw_path)
        # RFC 9112 s3.2: no Host, or several. A proxy may have read another Host than Waypost.
        if names_one_host(scope):
            reply = await self._reply(route, context, request, noted)
        else:
            reply = text(400, "the request must have exactly one Host header", RequestError.code)
        if route is not None and route.is_shared:
            reply = reply.plus(cors.ANY_ORIGIN)
        await reply.send(send, head=request.method == "HEAD")
        milliseconds = (time.perf_counter() - started) * 1000
        self._access_log.write(request, reply, noted, milliseconds)
        runtime.metrics.log_lines_dropped(self._newly_dropped())
        runtime.metrics.request("none" if route is None else route.format, reply.code)

    async def _reply(
        self, route: Route | None, context: AppContext, request: Request, noted: RequestLog
    ) -> Response:
        if route is None:
            return not_found()
        methods = route.methods
        if route.is_shared and cors.is_preflight(request):
            return cors.preflight(_allowed(methods))
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            if route is self._routes[initdb.PATH]:
                return await initdb.wrong_method(context, request, *_allowed(methods))
            return method_not_allowed(*_allowed(methods))
        try:
            return await handler(context, request, noted)
        except (StoreUnavailable, StoreError, SigningUnavailable) as error:
            reply = text(503, "the service is unavailable; ask again later", error.code)
            return with_retry_after(reply, error)

    def _route(self, path: str, *, has_slashes: bool) -> Route | None:
        if path.isascii():
            route = self._routes.get(path.rstrip("/").lower() or "/")
            # A web server's rule for `/initdb` may not match a path with two slashes.
            if route is not None and not (has_slashes and route is self._routes[initdb.PATH]):
                return route
        if autoconfig.is_ispdb(path):
            return self._ispdb
        if autodiscover_json.is_below(path):
            return self._routes[autodiscover_json.PATH]
        return None

    def _request(self, scope: Scope, receive: Receive) -> Request:
        headers = scope["headers"]
        raw_path = scope.get("raw_path") or scope["path"].encode()
        client = scope.get("client")
        peer = client[0] if client else None
        return Request(
            method=scope["method"],
            path=scope["path"] if b"//" not in raw_path else _plain(raw_path),
            raw_path=raw_path,
            query_string=scope["query_string"],
            headers=headers,
            client=client,
            server=scope.get("server"),
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
                await self._close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _open(self) -> None:
        self._runtime = self._connect(self._settings)
        self._context = AppContext(
            lookup=self._runtime.lookup,
            documents=RenderCache(),
            max_age_seconds=self._settings.max_age,
            public_url=self._settings.public_url,
            seeding=self._runtime.seeding,
            peer_check=self._peer_check,
            refusals=RateLimiter(),
            profiles=profile_settings(self._settings),
            signer=self._runtime.signer,
            takes_passwords=self._settings.permit_cleartext_passwords is not None,
            schemes=SchemeCheck(),
        )
        self._start_watch(self._runtime)
        if self._hangups:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._hangup, self._runtime)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    async def _close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._runtime is not None:
            await self._runtime.close()

    def _hangup(self, runtime: Runtime) -> None:
        if self._terminal.is_gone():
            signal.raise_signal(signal.SIGTERM)
            return
        self._log.info("SIGHUP received; reloading what is served")
        runtime.reload()
        if self._hung_up is not None:
            self._hung_up()

    def _start_watch(self, runtime: Runtime) -> None:
        self._watch = asyncio.get_running_loop().create_task(runtime.watch())
        self._watch.add_done_callback(lambda task: self._watched(runtime, task))

    def _watched(self, runtime: Runtime, task: asyncio.Task[None]) -> None:
        """Start the watch task again after a defect."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("watch task failed; restarting it", exc_info=error)
            self._start_watch(runtime)


def _plain(raw_path: bytes) -> str:
    return decoded_path(raw_path, autodiscover_json.BEFORE_ADDRESS)


def _allowed(methods: Mapping[str, Handler]) -> list[str]:
    """List the methods of a path, with HEAD if there is GET (RFC 9110 s9.1)."""
    allowed = list(methods)
    if "GET" in methods:
        allowed.insert(allowed.index("GET") + 1, "HEAD")
    return allowed
