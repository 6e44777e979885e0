"""`GET /metrics`: the metrics of the admin process, for Prometheus on the same machine."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Response

from waypost.runtime.metrics import Metrics
from waypost.runtime.prometheus import CONTENT_TYPE, exposition

PATH: Final = "/metrics"


def add_metrics(
    router: APIRouter, metrics: Metrics, count_dropped_lines: Callable[[], int]
) -> None:
    """Add the URL.

    Args:
        router: gets the URL.
        metrics: of this process alone. The metrics of the public listener are at
            `metrics_listen`.
        count_dropped_lines: returns how many lines its log has dropped since the last call.
    """

    async def answer() -> Response:
        metrics.count_dropped_log_lines(count_dropped_lines())
        return Response(exposition(metrics.registry), media_type=CONTENT_TYPE)

    router.add_api_route(
        PATH,
        answer,
        methods=["GET"],
        response_class=Response,
        responses={200: {"content": {CONTENT_TYPE: {}}, "description": "Prometheus' text format."}},
        summary="The metrics of the admin process.",
        name="metrics",
    )
