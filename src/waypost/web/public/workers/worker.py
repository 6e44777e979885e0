"""A process that answers mail clients: the only one, or one of several workers."""

import gc
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection as Pipe
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, cast

import uvicorn

from waypost.runtime.limits.shared_ratelimit import WorkerBuckets
from waypost.runtime.logs import configure
from waypost.runtime.metrics import Metrics
from waypost.runtime.standard_error import queue_standard_error
from waypost.runtime.worker_counts import collect_counts
from waypost.settings import Settings, secret_texts
from waypost.store.reload import LogDeduplicator
from waypost.web.acceptor import Acceptor
from waypost.web.admin.process import AdminProcess
from waypost.web.child_process import end_with_parent
from waypost.web.connection_limit import ConnectionLimit, max_connections_by_open_files
from waypost.web.draining import DrainingServer
from waypost.web.listener_options import listener_config
from waypost.web.public.answer_templates import AnswerTemplates
from waypost.web.public.app import PublicApp
from waypost.web.public.public_connection import LastAnswers, PublicConnection
from waypost.web.public.workers.worker_process import GRACEFUL_SHUTDOWN_SECONDS, WorkerReport
from waypost.web.service_manager import ServiceNotifier
from waypost.wiring.runtime import wire

if TYPE_CHECKING:
    from asyncio.base_events import Server

BACKLOG: Final = 2048
REPORT_SECONDS: Final = 1.0
LAST_REPORT_SECONDS: Final = 1.0


def _do_nothing() -> None:
    """Return at once: the worker alone reloads at SIGHUP."""


def create_app(
    settings: Settings,
    metrics: Metrics | None = None,
    deduplicator: LogDeduplicator | None = None,
    on_sighup: Callable[[], None] = _do_nothing,
    templates: AnswerTemplates | None = None,
    buckets: WorkerBuckets | None = None,
) -> PublicApp:
    """Create the application inside a worker, which may be a new process."""
    writer = queue_standard_error()
    configure(settings.loglevel, settings.log_format, secrets=secret_texts(settings))
    wire_runtime = partial(wire, metrics=metrics, deduplicator=deduplicator)
    return PublicApp(
        settings,
        wire_runtime,
        on_sighup=on_sighup,
        log_writer=writer,
        templates=templates,
        buckets=buckets,
    )


def serve_single_worker(
    settings: Settings,
    listeners: Sequence[socket.socket],
    metrics: Metrics,
    admin: AdminProcess | None,
    notifier: ServiceNotifier,
) -> None:
    """Serve in this process until a signal ends it."""

    def on_sighup() -> None:
        notifier.report_reload()
        if admin is not None:
            admin.send_sighup()

    templates = AnswerTemplates()
    factory = partial(create_app, settings, metrics, None, on_sighup, templates)
    config = _config(settings, factory, templates, metrics)
    _SingleWorkerServer(config, templates, admin, notifier).run(sockets=[*listeners])


def serve_worker(
    settings: Settings,
    listeners: Sequence[socket.socket],
    deduplicator: LogDeduplicator,
    buckets: WorkerBuckets,
    pipe: Pipe,
) -> None:
    """Serve as one of several workers until a signal comes, or the parent ends.

    Args:
        settings: all options.
        listeners: the listening sockets of all workers.
        deduplicator: what the workers have reported about reloading.
        buckets: how much each client has asked all workers, and how often it has tried to sign in.
        pipe: the pipe to the parent, which asks for reports and reads them.
    """
    end_with_parent()
    queue_standard_error()
    metrics = Metrics()
    templates = AnswerTemplates()
    factory = partial(
        create_app, settings, metrics, deduplicator, templates=templates, buckets=buckets
    )
    config = _config(settings, factory, templates, metrics)
    config.configure_logging()
    is_watched = settings.metrics_listen is not None or settings.admin_port != 0
    reported_metrics = metrics if is_watched else None
    with suppress(KeyboardInterrupt):  # from a terminal, during the start
        _ReportingServer(config, templates, pipe, reported_metrics).run(sockets=[*listeners])


class _WorkerServer(DrainingServer):
    """A server that writes its waiting log lines before it exits.

    After its end uvicorn raises the signal again, which ends the process at once.
    """

    def __init__(self, config: uvicorn.Config, templates: AnswerTemplates) -> None:
        super().__init__(config)
        self._templates = templates
        self.ticks = 0

    @property
    def app(self) -> PublicApp | None:
        """The application, after it was loaded."""
        app = getattr(self.config, "loaded_app", None)
        return app if isinstance(app, PublicApp) else None

    async def on_tick(self, counter: int) -> bool:
        """Count that the event loop runs; uvicorn calls this ten times a second."""
        self.ticks += 1
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn starts everything else, and creates no servers without sockets.
        await super().startup([])
        answers = LastAnswers(self._templates, self.server_state)
        create_connection = cast("Callable[..., PublicConnection]", self.config.http_protocol_class)
        protocol = partial(create_connection, self.config, self.server_state, self.lifespan.state)
        for listener in sockets or []:
            listener.listen(BACKLOG)
            # uvicorn calls only what an `Acceptor` has, too.
            self.servers.append(cast("Server", Acceptor(listener, answers, protocol)))
        # What is here now stays until the end. Without this, each full collection of garbage would
        # visit all of it, and delay answers by tens of milliseconds.
        gc.collect()
        gc.freeze()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            sys.stderr.flush()


class _SingleWorkerServer(_WorkerServer):
    """The server of the only worker. The admin process must end before, too.

    The service manager is notified from the event loop: if it does not run, neither does the
    watchdog get its notifications.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        templates: AnswerTemplates,
        admin: AdminProcess | None,
        notifier: ServiceNotifier,
    ) -> None:
        super().__init__(config, templates)
        self._admin = admin
        self._notifier = notifier
        self._reloads = 0

    async def on_tick(self, counter: int) -> bool:
        """Notify the service manager, too."""
        if self._admin is not None and counter > 0:
            self._admin.permit_start()  # The first clients have been answered before.
        self._notifier.report_alive()
        if (app := self.app) is not None:
            count, reloads = app.domain_count(), app.finished_reloads()
            if reloads != self._reloads:
                self._reloads = reloads
                self._notifier.report_reloaded(count)
            self._notifier.report_serving(count)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._notifier.report_stopping()
        if self._admin is not None:
            self._admin.terminate()
        await super().shutdown(sockets)
        if self._admin is not None:
            self._admin.stop()


class _ReportingServer(_WorkerServer):
    """A server that sends reports from a thread, so that a busy event loop does not delay them."""

    def __init__(
        self,
        config: uvicorn.Config,
        templates: AnswerTemplates,
        pipe: Pipe,
        metrics: Metrics | None,
    ) -> None:
        super().__init__(config, templates)
        self._pipe = pipe
        self._metrics = metrics
        self._report_requests = 0
        self._is_last = False
        self._report_due = Event()
        self._reporter = Thread(target=self._send_reports, name="reports", daemon=True)
        self._reporter.start()
        Thread(target=self._read_requests, name="questions", daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._is_last = True
        self._report_due.set()
        # A stopped parent does not read.
        self._reporter.join(LAST_REPORT_SECONDS)

    def _read_requests(self) -> None:
        with suppress(EOFError, OSError):  # The parent has ended, so this process ends too.
            while True:
                self._pipe.recv()
                self._report_requests += 1
                self._report_due.set()

    def _send_reports(self) -> None:
        while True:
            self._report_due.clear()
            is_last, report_requests = self._is_last, self._report_requests
            counts = () if self._metrics is None else collect_counts(self._metrics.all)
            app = self.app
            report = WorkerReport(
                self.started,
                report_requests,
                counts,
                self.ticks,
                0 if app is None else app.finished_reloads(),
                None if app is None else app.domain_count(),
            )
            try:
                self._pipe.send(report)
            except OSError:
                return
            if is_last:
                return
            self._report_due.wait(REPORT_SECONDS)


def _config(
    settings: Settings,
    factory: Callable[[], PublicApp],
    templates: AnswerTemplates,
    metrics: Metrics,
) -> uvicorn.Config:
    limit = ConnectionLimit(max_connections_by_open_files(), settings.max_connections_per_network)
    limit.report_to(metrics)
    return listener_config()(
        factory,
        factory=True,
        host=settings.host,
        port=settings.port,
        interface="asgi3",
        http=partial(
            PublicConnection,
            limit=limit,
            templates=templates,
        ),
        lifespan="on",
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )
