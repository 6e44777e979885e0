"""The API as a part of the application of the admin listener."""

import time
from functools import cache, partial
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from waypost import __version__
from waypost.admin.access.tokens import Tokens
from waypost.admin.source import AdminSource
from waypost.runtime.limits.ratelimit import RateLimiter
from waypost.web.admin.api.access import REQUEST_LIMITS, ApiContext
from waypost.web.admin.api.audit import add_audit
from waypost.web.admin.api.authorization import TokenAuthorization
from waypost.web.admin.api.bulk import add_bulk
from waypost.web.admin.api.encoded_slashes import EncodedSlashes
from waypost.web.admin.api.previews import add_previews
from waypost.web.admin.api.problems import add_problem_handlers
from waypost.web.admin.api.query_parameters import check_parameter_names, check_query_parameters
from waypost.web.admin.api.resources import add_resources
from waypost.web.admin.api.schemas import api_schemas
from waypost.web.admin.api.setup_links import add_setup_links
from waypost.web.admin.api.tokens import add_tokens

PREFIX: Final = "/api/v1"
DESCRIPTION: Final = f"{PREFIX}/openapi.json"
"""This URL needs no token."""


def add_api(app: FastAPI, source: AdminSource, tokens: Tokens) -> None:
    """Add the API to an application.

    Args:
        app: the application of the admin listener.
        source: the domains.
        tokens: the valid tokens.
    """
    clock = time.monotonic
    authorization = TokenAuthorization(tokens.authenticate, clock)
    limiter = RateLimiter(REQUEST_LIMITS, clock=clock)
    app.state.api = ApiContext(source, tokens, authorization, limiter)
    app.add_middleware(EncodedSlashes, path=f"{PREFIX}/providers/")
    app.router.routes.extend(_routes())
    add_problem_handlers(app)
    app.openapi = partial(_description, app)  # type: ignore[method-assign]


def add_description(app: FastAPI) -> None:
    """Add the description of the application, which needs no token."""

    @app.api_route(DESCRIPTION, methods=["GET", "HEAD"], include_in_schema=False)
    async def description(request: Request) -> Response:
        check_parameter_names(request)
        return JSONResponse(app.openapi())


def api_description() -> dict[str, Any]:
    """Return the description (OpenAPI 3.1) of the API alone."""
    app = FastAPI(title="Waypost", version=__version__)
    app.router.routes.extend(_routes())
    return _description(app)


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes, which find what an application has in its state.

    FastAPI would analyse all arguments again for an application that includes a router.
    """
    router = APIRouter(
        prefix=PREFIX,
        dependencies=[Depends(check_query_parameters)],
        generate_unique_id_function=_operation_id,
    )
    add_bulk(router)
    add_previews(router)
    add_resources(router)
    add_audit(router)
    add_tokens(router)
    add_setup_links(router)
    return tuple(router.routes)


def _operation_id(route: APIRoute) -> str:
    """Return a short `operationId`; generators of clients name their functions by it."""
    return route.name


def _description(app: FastAPI) -> dict[str, Any]:
    """Return the description (OpenAPI 3.1) of all URLs of the listener."""
    if app.openapi_schema is None:
        description = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        components = description.setdefault("components", {})
        components.setdefault("schemas", {}).update(api_schemas())
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, operations in description["paths"].items():
            if path.startswith(PREFIX):
                for operation in operations.values():
                    operation["security"] = [{"token": []}]
        app.openapi_schema = description
    return app.openapi_schema
