"""A process that answers mail clients: the only one, or one of several workers."""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection as Pipe
from threading import Event, Thread
from typing import Final

import uvicorn

from waypost.runtime.logs import configure
from waypost.runtime.metrics import Metrics, counts_of
from waypost.runtime.standard_error import queue_standard_error
from waypost.settings import Settings, secret_texts
from waypost.store.reload import LogDeduplicator
from waypost.web.admin.process import AdminProcess
from waypost.web.child_process import end_with_parent
from waypost.web.connection import HttpConnection
from waypost.web.connection_limit import ConnectionLimit, connections_by_descriptors
from waypost.web.listener_options import listener_config
from waypost.web.public.app import PublicApp
from waypost.web.public.workers.worker_process import GRACEFUL_SHUTDOWN_SECONDS, WorkerReport
from waypost.wiring import wire

BACKLOG: Final = 2048
REPORT_SECONDS: Final = 1.0
LAST_REPORT_SECONDS: Final = 1.0


def create_app(
    settings: Settings,
    metrics: Metrics | None = None,
    deduplicator: LogDeduplicator | None = None,
    hung_up: Callable[[], None] | None = None,
) -> PublicApp:
    """Create the application inside a worker, which may be a new process."""
    writer = queue_standard_error()
    configure(settings.loglevel, settings.log_format, secrets=secret_texts(settings))
    connect = partial(wire, metrics=metrics, deduplicator=deduplicator)
    newly_dropped = int if writer is None else writer.newly_dropped
    return PublicApp(settings, connect, hangups=True, hung_up=hung_up, newly_dropped=newly_dropped)


def serve_alone(
    settings: Settings, listener: socket.socket, metrics: Metrics, operators: AdminProcess | None
) -> None:
    """Serve in this process until a signal ends it."""
    hung_up = None if operators is None else operators.hang_up
    config = _config(settings, partial(create_app, settings, metrics, None, hung_up))
    _OnlyWorker(config, operators).run(sockets=[listener])


def serve_beside_others(
    settings: Settings, listener: socket.socket, deduplicator: LogDeduplicator, parent: Pipe
) -> None:
    """Serve as one of several workers until a signal comes, or the parent ends.

    Args:
        settings: all options.
        listener: the listening socket of all workers.
        deduplicator: what the workers have reported about reloading.
        parent: the pipe to the parent, which asks for reports and reads them.
    """
    end_with_parent()
    queue_standard_error()
    metrics = Metrics()
    config = _config(settings, partial(create_app, settings, metrics, deduplicator))
    config.configure_logging()
    shown = metrics if settings.metrics_listen is not None else None
    with suppress(KeyboardInterrupt):  # from a terminal, during the start
        _OneOfSeveral(config, parent, shown).run(sockets=[listener])


class _Worker(uvicorn.Server):
    """A server that writes its waiting log lines before it exits.

    After its end uvicorn raises the signal again, which ends the process at once.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            sys.stderr.flush()


class _OnlyWorker(_Worker):
    """The server of the only worker. The admin process must end before, too."""

    def __init__(self, config: uvicorn.Config, operators: AdminProcess | None) -> None:
        super().__init__(config)
        self._operators = operators

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._operators is not None:
            self._operators.terminate()
        await super().shutdown(sockets)
        if self._operators is not None:
            self._operators.end()


class _OneOfSeveral(_Worker):
    """A server that sends reports from a thread, so that a busy event loop does not delay them."""

    def __init__(self, config: uvicorn.Config, parent: Pipe, metrics: Metrics | None) -> None:
        super().__init__(config)
        self._parent = parent
        self._metrics = metrics
        self._asked = 0
        self._is_last = False
        self._due = Event()
        self._reporter = Thread(target=self._report, name="reports", daemon=True)
        self._reporter.start()
        Thread(target=self._listen, name="questions", daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._is_last = True
        self._due.set()
        # A stopped parent does not read.
        self._reporter.join(LAST_REPORT_SECONDS)

    def _listen(self) -> None:
        with suppress(EOFError, OSError):  # The parent has ended, so this process ends too.
            while True:
                self._parent.recv()
                self._asked += 1
                self._due.set()

    def _report(self) -> None:
        while True:
            self._due.clear()
            is_last, answered = self._is_last, self._asked
            counts = () if self._metrics is None else counts_of(self._metrics)
            try:
                self._parent.send(WorkerReport(self.started, answered, counts))
            except OSError:
                return
            if is_last:
                return
            self._due.wait(REPORT_SECONDS)


def _config(settings: Settings, factory: Callable[[], PublicApp]) -> uvicorn.Config:
    return listener_config()(
        factory,
        factory=True,
        host=settings.host,
        port=settings.port,
        interface="asgi3",
        http=partial(HttpConnection, limit=ConnectionLimit(connections_by_descriptors())),
        lifespan="on",
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )
