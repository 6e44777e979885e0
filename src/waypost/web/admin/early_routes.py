"""The early URLs as routes of FastAPI, which describes them (OpenAPI)."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute

from waypost.runtime.prometheus import CONTENT_TYPE
from waypost.web.admin import tls
from waypost.web.admin.early_urls import EarlyUrls
from waypost.web.admin.health import ALIVE, READY
from waypost.web.admin.metrics import PATH as METRICS
from waypost.web.admin.readiness import Readiness

_TLS_ANSWERS: Final[dict[int | str, dict[str, object]]] = {
    200: {"description": "Yes."},
    400: {"description": "The query has no name, or several."},
    404: {"description": "No: this is not a host name of a served domain."},
    "4XX": {"description": "No: 403 if the client is not a program on this machine."},
    503: {"description": "The database does not answer; ask again later."},
}


def add_early_routes(router: APIRouter, urls: EarlyUrls) -> None:
    """Add the URLs, each with its description."""
    _add_tls_ask(router, urls)
    router.add_api_route(
        METRICS,
        urls[METRICS],
        methods=["GET"],
        response_class=Response,
        responses={200: {"content": {CONTENT_TYPE: {}}, "description": "Prometheus' text format."}},
        summary="The metrics of the admin process.",
        name="metrics",
    )
    router.add_api_route(
        ALIVE,
        urls[ALIVE],
        methods=["GET"],
        response_class=PlainTextResponse,
        summary="Whether the admin process answers.",
        name="alive",
    )
    if READY in urls:
        router.add_api_route(
            READY,
            urls[READY],
            methods=["GET"],
            response_model=Readiness,
            responses={503: {"model": Readiness, "description": "Clients get no answers."}},
            summary="The state of the workers, the database, the directories and the certificates.",
            name="ready",
        )


def _add_tls_ask(router: APIRouter, urls: EarlyUrls) -> None:
    class UnparsedQueryRoute(APIRoute):
        """A route whose endpoint reads the query itself; its signature is only described."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
            async def handle(request: Request) -> Response:
                return await urls[tls.PATH](request)

            return handle

    async def ask(
        domain: Annotated[list[str], Query(description="The host name, in any case, once.")],
    ) -> None:
        """Answer 200 for a host name of a served domain.

        Args:
            domain: all values of the query parameter.
        """

    router.add_api_route(
        tls.PATH,
        ask,
        methods=["GET"],
        response_class=PlainTextResponse,
        responses=dict(_TLS_ANSWERS),
        summary="May a web server get a certificate for this host name?",
        name="ask",
        route_class_override=UnparsedQueryRoute,
    )
