"""`GET /metrics`: what this process counts, for Prometheus on the same machine."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Response

from waypost.metrics import CONTENT_TYPE, Metrics, exposition

PATH: Final = "/metrics"


def add_metrics(router: APIRouter, metrics: Metrics, newly_dropped: Callable[[], int]) -> None:
    """Add the URL.

    Args:
        router: gets it.
        metrics: of this process alone; what mail clients are answered is told elsewhere, at
            `metrics_listen`.
        newly_dropped: returns how many lines its log has dropped since the last time.
    """

    async def told() -> Response:
        metrics.log_lines_dropped(newly_dropped())
        return Response(exposition(metrics.registry), media_type=CONTENT_TYPE)

    router.add_api_route(
        PATH,
        told,
        methods=["GET"],
        response_class=Response,
        responses={200: {"content": {CONTENT_TYPE: {}}, "description": "Prometheus' text format."}},
        summary="What is counted here.",
        name="metrics",
    )
