"""The URLs of monitoring and of web servers, which answer from the start of the admin process.

None of them needs FastAPI, the API or the pages.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_counts import Counts
from waypost.web.admin import tls
from waypost.web.admin.health import ALIVE, READY, alive_endpoint, ready_endpoint
from waypost.web.admin.metrics import PATH as METRICS
from waypost.web.admin.metrics import metrics_endpoint

EarlyUrls = Mapping[str, Callable[[Request], Awaitable[Response]]]
"""The endpoint of each path. Each of them has only the method GET."""


def early_urls(
    tls_ask: tls.TlsAskEndpoint,
    metrics: Metrics,
    count_dropped_lines: Callable[[], int] = int,
    read_workers: Callable[[], Awaitable[tuple[Counts, ...]]] | None = None,
) -> EarlyUrls:
    """Return the URLs with their endpoints.

    Args:
        tls_ask: decides for which host names there may be certificates.
        metrics: what this process counts; shown at /metrics.
        count_dropped_lines: returns how many lines its log has dropped since the last call.
        read_workers: returns the metrics of each running worker, for /readyz; None without them.
    """
    urls: dict[str, Callable[[Request], Awaitable[Response]]] = {
        tls.PATH: tls_ask.answer,
        METRICS: metrics_endpoint(metrics, count_dropped_lines),
        ALIVE: alive_endpoint(),
    }
    if read_workers is not None:
        urls[READY] = ready_endpoint(read_workers)
    return urls
