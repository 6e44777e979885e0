"""The application of the admin listener."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import FastAPI

from waypost import __version__
from waypost.admin.access.sessions import Sessions
from waypost.admin.access.tokens import Tokens
from waypost.admin.source import AdminSource
from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_counts import Counts
from waypost.web.admin.api.mount import add_api, add_description
from waypost.web.admin.guard import AccessGuard
from waypost.web.admin.health import add_health, add_readiness
from waypost.web.admin.metrics import add_metrics
from waypost.web.admin.pages.mount import add_pages
from waypost.web.admin.pages.traffic import Traffic
from waypost.web.admin.tls import TlsAskEndpoint


@dataclass(frozen=True, slots=True)
class Administration:
    """What the API and the pages need.

    Attributes:
        source: the domains.
        tokens: the tokens of the API.
        sessions: the sign-in links and the sessions of the pages.
        traffic: the requests of mail clients, for the pages.
    """

    source: AdminSource
    tokens: Tokens
    sessions: Sessions
    traffic: Traffic = field(default_factory=Traffic)


def create_app(
    tls_ask: TlsAskEndpoint,
    metrics: Metrics,
    count_dropped_lines: Callable[[], int] = int,
    read_workers: Callable[[], Awaitable[tuple[Counts, ...]]] | None = None,
    administration: Administration | None = None,
) -> FastAPI:
    """Build the application.

    The application describes itself at /api/v1/openapi.json. FastAPI's documentation pages are
    disabled, because they load scripts from another server.

    Args:
        tls_ask: decides for which host names there may be certificates.
        metrics: what this process counts; shown at /metrics.
        count_dropped_lines: returns how many lines its log has dropped since the last call.
        read_workers: returns the metrics of each running worker, for /readyz; None without them.
        administration: what the API and the pages need; None without them.
    """
    app = FastAPI(
        title="Waypost",
        summary="For operators and their web server",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Caddy does not follow redirects: a redirect counts as a refusal.
        telemetry={"tracing": False, "metrics": False, "logs": False},  # Waypost has its own.
    )
    admin_url = None if administration is None else administration.source.settings.admin_url
    app.add_middleware(AccessGuard, admin_url=admin_url)
    add_description(app)
    tls_ask.add_to(app.router)
    add_metrics(app.router, metrics, count_dropped_lines)
    add_health(app.router)
    if read_workers is not None:
        add_readiness(app.router, read_workers)
    if administration is not None:
        source, tokens = administration.source, administration.tokens
        add_api(app, source, tokens)
        add_pages(app, source, tokens, administration.sessions, administration.traffic)
    return app
