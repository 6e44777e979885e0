"""`GET /healthz` and `GET /readyz` of the admin listener: with all details."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from waypost.runtime.worker_counts import Counts
from waypost.web.admin.readiness import readiness

ALIVE: Final = "/healthz"
READY: Final = "/readyz"
_NO_STORE: Final = {"cache-control": "no-store"}


def alive_endpoint() -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint that shows that the process answers."""

    async def answer(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    return answer


def ready_endpoint(
    read_workers: Callable[[], Awaitable[tuple[Counts, ...]]],
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the report about all parts.

    Args:
        read_workers: returns the metrics of each running worker.
    """

    async def answer(_request: Request) -> Response:
        report = readiness(await read_workers(), datetime.now(UTC))
        return Response(
            report.model_dump_json(indent=2) + "\n",
            503 if report.status == "unavailable" else 200,
            _NO_STORE,
            "application/json",
        )

    return answer
