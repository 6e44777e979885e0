"""The application of the operators' listener."""

from collections.abc import Callable, Sequence

from fastapi import FastAPI

from waypost import __version__
from waypost.lookup import DomainFinder
from waypost.metrics import CertificateMetrics, Metrics
from waypost.web.admin.guard import LoopbackOnly
from waypost.web.admin.metrics import add_metrics
from waypost.web.admin.tls import TlsNames


def create_app(
    domains: DomainFinder,
    tls_kinds: Sequence[str],
    metrics: Metrics,
    newly_dropped: Callable[[], int] = int,
) -> FastAPI:
    """Put the application together.

    It describes itself at /openapi.json. FastAPI's pages for people would load scripts from
    another's server, so there are none.

    Args:
        domains: who knows the domains.
        tls_kinds: which names of a domain get a certificate.
        metrics: what this process counts; it is told at /metrics.
        newly_dropped: returns how many lines its log has dropped since the last time.
    """
    app = FastAPI(
        title="Waypost",
        summary="For operators and their web server",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # Caddy does not follow; to be sent elsewhere is no answer.
        telemetry={"tracing": False, "metrics": False, "logs": False},  # The log is ours.
    )
    app.add_middleware(LoopbackOnly)
    TlsNames(domains, tls_kinds, CertificateMetrics(metrics.registry)).add_to(app.router)
    add_metrics(app.router, metrics, newly_dropped)
    return app
