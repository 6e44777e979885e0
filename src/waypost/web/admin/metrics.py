"""`GET /metrics`: the metrics of the admin process, for Prometheus on the same machine."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from waypost.runtime.metrics import Metrics
from waypost.runtime.prometheus import CONTENT_TYPE, exposition

PATH: Final = "/metrics"


def metrics_endpoint(
    metrics: Metrics, count_dropped_lines: Callable[[], int]
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of the metrics.

    Args:
        metrics: of this process alone. The metrics of the public listener are at
            `metrics_listen`.
        count_dropped_lines: returns how many lines its log has dropped since the last call.
    """

    async def answer(_request: Request) -> Response:
        metrics.count_dropped_log_lines(count_dropped_lines())
        return Response(exposition(metrics.registry), media_type=CONTENT_TYPE)

    return answer
