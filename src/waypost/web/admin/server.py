"""Running the admin listener, in its own process."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn

from waypost.core.errors import StoreError, StoreUnavailable
from waypost.runtime.logs import configure
from waypost.runtime.metrics import AdminMetrics, Metrics
from waypost.runtime.standard_error import queue_standard_error
from waypost.settings import Settings, secret_texts
from waypost.store.reload import LogSuppressor
from waypost.web.admin.certificate_log import CertificateLog
from waypost.web.admin.deferred import Application, DeferredApplication
from waypost.web.admin.early_urls import EarlyUrls, early_urls
from waypost.web.admin.pages.traffic import Traffic, finish_traffic, watch_traffic
from waypost.web.admin.tls import TlsAskEndpoint
from waypost.web.admin.tls_ask_connection import TlsAskAnswers, TlsAskConnection
from waypost.web.connection_limit import ConnectionLimit, max_connections_by_open_files
from waypost.web.draining import DrainingServer
from waypost.web.listener_options import listener_config
from waypost.web.server_process import importing_server
from waypost.web.service_manager import ServiceNotifier
from waypost.web.worker_reader import WorkerReader
from waypost.wiring.runtime import Runtime, wire

if TYPE_CHECKING:
    from waypost.database.engine import Engine

GRACEFUL_SHUTDOWN_SECONDS: Final = 2
MAX_CONNECTIONS: Final = 100
FAILED: Final = 3
COUNT_SECONDS: Final = 60.0
"""How often the domains are counted: a database with a million rows needs some 50 ms."""
COUNT_RETRY_SECONDS: Final = 1.0
NOTIFY_SECONDS: Final = 0.2
# SQLAlchemy accepts every URI of this form: it has no driver, no host and no options.
_SQLITE_FILE: Final = re.compile(r"sqlite:///[A-Za-z0-9/._-]{1,200}")


def serve(
    settings: Settings,
    listeners: Sequence[socket.socket],
    pipe: Connection,
    *,
    is_first: bool = True,
) -> None:
    """Answer requests until a signal ends this process.

    Args:
        settings: all options.
        listeners: the listening sockets.
        pipe: to the parent, which has the metrics of the workers.
        is_first: whether this is the first such process of the parent.
    """
    # The parent handles the signals of the terminal, and passes them on.
    os.setpgid(0, 0)
    _run(settings, listeners, WorkerReader(pipe), None, counts_all=is_first)


def serve_alone(
    settings: Settings, listeners: Sequence[socket.socket], notifier: ServiceNotifier
) -> None:
    """Answer requests until a signal ends this process, without a public listener next to it.

    Args:
        settings: all options.
        listeners: the listening sockets.
        notifier: reports to the service manager.

    Raises:
        SystemExit: the database cannot be used, or a defect has ended the process.
    """
    _run(settings, listeners, None, notifier)


def _log_listeners(listeners: Sequence[socket.socket]) -> None:
    for listener in listeners:
        host, port = listener.getsockname()[:2]
        structlog.get_logger(__name__).info("listening for operators", host=host, port=port)


def _run(
    settings: Settings,
    listeners: Sequence[socket.socket],
    workers: WorkerReader | None,
    notifier: ServiceNotifier | None,
    *,
    counts_all: bool = True,
) -> None:
    writer = queue_standard_error()
    secrets = secret_texts(settings)
    configure(settings.loglevel, settings.log_format, secrets=secrets)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignore_signal)
    runtime = _wired(settings)
    tls_ask = TlsAskEndpoint(
        runtime.cache, settings.tls_names, runtime.metrics, CertificateLog(writer, secrets)
    )
    if notifier is not None:
        _log_listeners(listeners)
    engine = _domains_engine(settings)
    traffic = _traffic(engine, counts_all=counts_all)
    urls = early_urls(
        tls_ask,
        runtime.metrics,
        int if writer is None else writer.count_dropped_lines,
        None if workers is None else workers.read,
    )
    load = cache(partial(_load, settings, urls, engine, traffic))
    if _must_be_checked(settings):
        load()
    application = DeferredApplication(urls, load, settings.admin_url)
    config = listener_config()(
        application,
        http=partial(
            TlsAskConnection,
            limit=ConnectionLimit(max_connections_by_open_files(MAX_CONNECTIONS)),
            answers=TlsAskAnswers(tls_ask),
        ),
        lifespan="off",
        log_level="warning",
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )
    background = _Background(runtime, traffic, workers, application)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        has_failed = runner.run(_serve(DrainingServer(config), listeners, notifier, background))
    if notifier is not None and has_failed:
        raise SystemExit(FAILED)


def _wired(settings: Settings) -> Runtime:
    try:
        # Only the public listener signs profiles.
        unsigned = {"profile_cert": None, "profile_key": None, "profile_chain": None}
        return wire(
            settings.model_copy(update=unsigned),
            metrics=Metrics(has_readiness=False),
            deduplicator=LogSuppressor(),
        )
    except (StoreError, StoreUnavailable) as error:
        structlog.get_logger(__name__).error(
            "admin process cannot start; exiting", code=error.code, reason=str(error)
        )
        raise SystemExit(FAILED) from None


def _domains_engine(settings: Settings) -> "Engine | None":
    """Return the database of the domains without a connection yet; None for a providers file.

    Raises:
        StoreError: the URI of the database cannot be used.
    """
    if settings.uses_providers_file:
        return None
    from waypost.database.engine import open_engine  # noqa: PLC0415 -- SQLAlchemy

    return open_engine(settings.db_uri, settings.db_echo, has_timeouts=True)


def _traffic(engine: "Engine | None", *, counts_all: bool) -> Traffic:
    """Return the requests of mail clients, which are stored only with the domains."""
    if engine is None:
        return Traffic(counts_all=counts_all)
    from waypost.store.sql.request_counts import RequestCounts  # noqa: PLC0415 -- SQLAlchemy

    return Traffic(stored=RequestCounts(engine), counts_all=counts_all)


def _load(
    settings: Settings, urls: EarlyUrls, engine: "Engine | None", traffic: Traffic
) -> Application:
    """Return the application with the API and the pages.

    Raises:
        SettingsError: a file of `languages_dir` is not valid.
        StoreError: the URI of the database cannot be used.
    """
    with importing_server():
        from waypost.web.admin.app import administration, create_app  # noqa: PLC0415 -- FastAPI

        return create_app(urls, administration(settings, engine, traffic))


def _must_be_checked(settings: Settings) -> bool:
    """Return whether only the API and the pages can find a mistake in the options."""
    has_database = settings.uses_providers_file and _SQLITE_FILE.fullmatch(settings.db_uri) is None
    return has_database or settings.languages_dir is not None or settings.oidc_issuer is not None


async def _serve(
    server: uvicorn.Server,
    listeners: Sequence[socket.socket],
    notifier: ServiceNotifier | None,
    background: "_Background",
) -> bool:
    """Answer until the end, and return whether a defect was the reason."""
    loop, runtime = asyncio.get_running_loop(), background.runtime

    def reload() -> None:
        if notifier is not None:
            notifier.report_reload()
        runtime.reload()

    loop.add_signal_handler(signal.SIGHUP, reload)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    watch = loop.create_task(background.run())
    watch.add_done_callback(partial(_on_watch_end, server))
    notify = None
    if notifier is not None:
        notify = loop.create_task(_notify_manager(notifier, server, runtime))
    try:
        await server.serve(sockets=[*listeners])
        return watch.done()
    finally:
        watch.cancel()
        await background.finish()
        if notifier is not None and notify is not None:
            notify.cancel()
            notifier.report_stopping()
        await runtime.close()


async def _notify_manager(
    notifier: ServiceNotifier, server: uvicorn.Server, runtime: Runtime
) -> None:
    """Report to the service manager that requests are answered, and that the event loop runs."""
    while not server.should_exit:
        if server.started:
            if not runtime.is_reloading:
                notifier.report_reloaded(runtime.domain_count())
            notifier.report_serving(runtime.domain_count())
        notifier.report_alive()
        await asyncio.sleep(NOTIFY_SECONDS)


@dataclass(frozen=True, slots=True)
class _Background:
    """What runs next to the answers.

    Attributes:
        runtime: follows files and database.
        traffic: the requests of mail clients.
        workers: reads the metrics of the workers; None without workers.
        application: loads the API and the pages.
    """

    runtime: Runtime
    traffic: Traffic
    workers: WorkerReader | None
    application: DeferredApplication

    async def run(self) -> None:
        """Follow files and database, count domains and requests, and load. Does not return."""
        tasks = [self.runtime.watch(), _count_domains(self.runtime, self.traffic)]
        tasks.append(self.application.load_later())
        if self.workers is not None:
            tasks.append(watch_traffic(self.traffic, self.workers.report))
        await asyncio.gather(*tasks)

    async def finish(self) -> None:
        """Count the last requests."""
        if self.workers is not None:
            await finish_traffic(self.traffic, self.workers.report)


async def _count_domains(runtime: Runtime, traffic: Traffic) -> None:
    metrics = AdminMetrics(runtime.metrics.registry)
    while True:
        if (count := await runtime.cache.count_domains()) is None:
            await asyncio.sleep(COUNT_RETRY_SECONDS)
            continue
        metrics.record_domains(count)
        traffic.domains = count
        await asyncio.sleep(COUNT_SECONDS)


def _on_watch_end(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    """Exit after a defect; the parent starts this process again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger(__name__).error("watch task failed; exiting", exc_info=error)
        server.should_exit = True


def _ignore_signal(_number: int, _frame: object) -> None:
    """Ignore the signal: uvicorn raises it again after its shutdown."""
