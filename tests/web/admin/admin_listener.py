"""The admin listener in this process: connections without sockets."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from fastapi import FastAPI

from tests.making import domain
from tests.web.in_process import Listener
from waypost.core.model import Catalog, Redirect
from waypost.formats.discovery_hosts import KINDS
from waypost.runtime.logs import LogFormat
from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_counts import Counts
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web.admin.app import create_app
from waypost.web.admin.certificate_log import CertificateLog
from waypost.web.admin.early_urls import early_urls
from waypost.web.admin.tls import CachedDomains, TlsAskEndpoint
from waypost.web.admin.tls_ask_connection import TlsAskAnswers, TlsAskConnection
from waypost.web.connection import HttpConnection
from waypost.wiring.runtime import Domains

USUAL = KINDS[:3]
CATALOG = Catalog(
    (
        domain("example.com"),
        domain("xn--bcher-kva.example"),
        domain("*.wild.example"),
        domain("*.top"),
        replace(domain("moved.example"), redirect=Redirect(address_domain="example.com")),
        replace(domain("declined.example"), redirect=Redirect()),
        domain("*"),
    )
)


def admin_app(
    domains: CachedDomains,
    kinds: Sequence[str] = USUAL,
    count_dropped_lines: Callable[[], int] = int,
    read_workers: Callable[[], Awaitable[tuple[Counts, ...]]] | None = None,
) -> FastAPI:
    """Return the application for these domains, with separate metrics."""
    metrics = Metrics()
    endpoint = TlsAskEndpoint(domains, kinds, metrics, CertificateLog())
    return create_app(early_urls(endpoint, metrics, count_dropped_lines, read_workers))


def in_memory(metrics: Metrics) -> MemoryDomains:
    """Return the domains of a providers file."""
    return MemoryDomains(MemoryStore(CATALOG), metrics)


def cached(metrics: Metrics) -> DomainCache:
    """Return the domains of a database, behind the cache."""
    return DomainCache(MemoryStore(CATALOG), CacheLimits(), metrics=metrics)


class AdminListener(Listener):
    """The admin listener, with answers from memory or without them."""

    def __init__(
        self,
        domains: Callable[[Metrics], Domains] = in_memory,
        kinds: Sequence[str] = USUAL,
        *,
        answers_at_once: bool = True,
        secrets: Iterable[str] = (),
        level: str = "INFO",
        log_format: LogFormat = "json",
    ) -> None:
        super().__init__(secrets, level=level, log_format=log_format)
        self.cache = domains(self.metrics)
        log = CertificateLog(self.log_writer if answers_at_once else None, secrets)
        endpoint = TlsAskEndpoint(self.cache, kinds, self.metrics, log)
        app = create_app(early_urls(endpoint, self.metrics))
        if answers_at_once:
            self.serve(app, TlsAskConnection, answers=TlsAskAnswers(endpoint))
        else:
            self.serve(app, HttpConnection)

    @property
    def counts(self) -> str:
        """The metrics, without times."""
        times = ("_seconds_sum", "_seconds_bucket")
        return "\n".join(
            line for line in super().counts.splitlines() if not any(time in line for time in times)
        )
