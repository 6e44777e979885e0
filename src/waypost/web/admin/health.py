"""`GET /healthz` and `GET /readyz` of the admin listener: with all details."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from waypost.runtime.worker_counts import Counts
from waypost.web.admin.readiness import Readiness, readiness

ALIVE: Final = "/healthz"
READY: Final = "/readyz"
_NO_STORE: Final = {"cache-control": "no-store"}


def add_health(router: APIRouter) -> None:
    """Add the URL that shows that the process answers."""

    async def alive() -> Response:
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    router.add_api_route(
        ALIVE,
        alive,
        methods=["GET"],
        response_class=PlainTextResponse,
        summary="Whether the admin process answers.",
        name="alive",
    )


def add_readiness(
    router: APIRouter, read_workers: Callable[[], Awaitable[tuple[Counts, ...]]]
) -> None:
    """Add the URL with the report about all parts.

    Args:
        router: gets the URL.
        read_workers: returns the metrics of each running worker.
    """

    async def ready() -> Response:
        report = readiness(await read_workers(), datetime.now(UTC))
        return Response(
            report.model_dump_json(indent=2) + "\n",
            503 if report.status == "unavailable" else 200,
            _NO_STORE,
            "application/json",
        )

    router.add_api_route(
        READY,
        ready,
        methods=["GET"],
        response_model=Readiness,
        responses={503: {"model": Readiness, "description": "Clients get no answers."}},
        summary="The state of the workers, the database, the directories and the certificates.",
        name="ready",
    )
