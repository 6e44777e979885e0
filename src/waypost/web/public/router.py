"""From a request to its answer: one dict of lower-case paths, without a framework and a server.

The routing of a framework takes as long as the whole answer
(docs/decisions/0001-public-listener.md). The listener and the library have the same router.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from waypost.core.errors import RequestError, SigningUnavailable, StoreError, StoreUnavailable
from waypost.web.app_context import AccessLogEntry, AppContext, Handler
from waypost.web.public import cors
from waypost.web.public.handlers import (
    autoconfig,
    autodiscover,
    autodiscover_json,
    health,
    initdb,
    mobileconfig,
    old_links,
    pacc,
    wellknown,
)
from waypost.web.public.page import landing_page
from waypost.web.public.request import Request
from waypost.web.public.response import (
    Response,
    method_not_allowed,
    not_found,
    text,
    with_retry_after,
)
from waypost.web.public.setup import openid_page, setup_page, sign_in_page

_PAGES: Final = frozenset({"page", "setup", "sign_in", "initdb", health.FORMAT})


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
    initdb_handlers = {"GET": initdb.get, "POST": initdb.post, "DELETE": initdb.delete}
    table[initdb.PATH] = Route("initdb", initdb_handlers)
    table[health.ALIVE] = Route(health.FORMAT, {"GET": health.alive})
    table[health.READY] = Route(health.FORMAT, {"GET": health.ready})
    table[setup_page.PATH] = Route("setup", {"GET": setup_page.get, "POST": setup_page.post})
    sign_in = {"GET": sign_in_page.get, "POST": sign_in_page.post}
    table[sign_in_page.PATH] = Route("sign_in", sign_in)
    table[openid_page.START] = Route("sign_in", {"GET": openid_page.start})
    table[openid_page.CALLBACK] = Route("sign_in", {"GET": openid_page.callback})
    settings = {"GET": openid_page.get, "POST": openid_page.post}
    table[openid_page.SETTINGS] = Route("sign_in", settings)
    table["/"] = Route("page", {"GET": landing_page.get})
    return table


class Router:
    """The answers at all URLs. It keeps nothing of a request, and opens nothing."""

    def __init__(self) -> None:
        """Create the table of the paths."""
        self._routes = routes()
        self._ispdb = Route("autoconfig", cors.shared(autoconfig.by_domain), is_shared=True)

    def serves(self, path: str) -> bool:
        """Return whether a path belongs to a protocol, unlike pages, `/initdb/` and health."""
        route = self._route(path, has_slashes=False)
        return route is not None and route.format not in _PAGES

    async def answer(
        self, context: AppContext, request: Request, log_entry: AccessLogEntry
    ) -> tuple[str, Response]:
        """Return the name of the format in metrics, `none` for an unknown path, and the answer."""
        route = self._route(request.path, has_slashes=b"//" in request.raw_path)
        # RFC 9112 s3.2: a proxy may have read another Host than Waypost.
        if (problem := request.host_problem) is None:
            response = await self._response(route, context, request, log_entry)
        else:
            response = text(400, problem, RequestError.code)
        if route is not None and route.is_shared:
            response = response.plus(cors.ANY_ORIGIN)
        return "none" if route is None else route.format, response

    async def _response(
        self, route: Route | None, context: AppContext, request: Request, log_entry: AccessLogEntry
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
            return await handler(context, request, log_entry)
        except (StoreUnavailable, StoreError, SigningUnavailable) as error:
            response = text(503, "the service is unavailable; ask again later", error.code)
            return with_retry_after(response, error)

    def _route(self, path: str, *, has_slashes: bool) -> Route | None:
        if path.isascii():
            route = self._routes.get(path.rstrip("/").lower() or "/")
            # A web server's rule for `/initdb` may not match a path with two slashes.
            if route is not None and not (has_slashes and route is self._routes[initdb.PATH]):
                return route
            if setup_page.is_below(path):
                return self._routes[setup_page.PATH]
        if autoconfig.is_ispdb(path):
            return self._ispdb
        if autodiscover_json.names_user(path):
            return self._routes[autodiscover_json.PATH]
        return None


def _allowed(methods: Mapping[str, Handler]) -> list[str]:
    """List the methods of a path, with HEAD if there is GET (RFC 9110 s9.1)."""
    allowed = list(methods)
    if "GET" in methods:
        allowed.insert(allowed.index("GET") + 1, "HEAD")
    return allowed
