"""Running the public listener: socket, workers, systemd."""

import os
import secrets
import signal
import socket
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvicorn

from waypost.errors import SettingsError
from waypost.logs import configure
from waypost.metrics import (
    MULTIPROCESS_VARIABLE,
    Metrics,
    Registry,
    exposition,
    forget_worker,
    shared_registry,
)
from waypost.reloading import Told
from waypost.settings import Settings
from waypost.web.metrics import serve_metrics
from waypost.web.public.app import PublicApp
from waypost.web.public.workers import Workers, hangups_wait
from waypost.wiring import wire

BACKLOG: Final = 2048
GRACEFUL_SHUTDOWN_SECONDS: Final = 10
# Connections wait in the backlog until a worker takes them.
READY: Final = "READY=1\nSTATUS=Serving"


def run(settings: Settings) -> None:
    """Serve until a signal ends it.

    Raises:
        SettingsError: the host or the port cannot be listened on.
    """
    if settings.log_key is None:
        settings = settings.model_copy(update={"log_key": secrets.token_hex(16)})
    with hangups_wait(), listen(settings.host, settings.port) as listener:
        if settings.workers > 1:
            with TemporaryDirectory(prefix="waypost-metrics-") as folder:
                _run_several(settings, listener, Path(folder))
        else:
            _run_one(settings, listener)


def _run_one(settings: Settings, listener: socket.socket) -> None:
    metrics = Metrics()
    _serve_metrics(settings, metrics.registry)
    config = _config(settings, partial(create_app, settings, metrics))
    notify_systemd(READY)
    uvicorn.Server(config).run(sockets=[listener])


def _run_several(settings: Settings, listener: socket.socket, folder: Path) -> None:
    told = Told(get_context("spawn").Value("Q", 0))
    config = _config(settings, partial(create_app, settings, None, told))
    if settings.metrics_listen is not None:
        os.environ[MULTIPROCESS_VARIABLE] = str(folder)  # for the workers
        _serve_metrics(settings, shared_registry(folder))
    workers = Workers(config, [listener], partial(forget_worker, folder))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    notify_systemd(READY)
    workers.run()


def _serve_metrics(settings: Settings, registry: Registry) -> None:
    if settings.metrics_listen is not None:
        serve_metrics(settings.metrics_listen, partial(exposition, registry))


def _config(settings: Settings, factory: Callable[[], PublicApp]) -> uvicorn.Config:
    return uvicorn.Config(
        factory,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        interface="asgi3",
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        # `proxy` decides by Waypost's own options who is believed.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
    )


def create_app(
    settings: Settings, metrics: Metrics | None = None, told: Told | None = None
) -> PublicApp:
    """Make the application inside a worker, which may be a fresh process."""
    configure(settings.loglevel, settings.log_format)
    connect = partial(wire, metrics=metrics, told=told)
    return PublicApp(settings, connect, hangups=True)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket.

    Raises:
        SettingsError: names the options and what the system says.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise SettingsError([f"host {host}, port {port}: cannot listen there: {reason}"]) from error
    listener.set_inheritable(True)
    return listener


def notify_systemd(state: str) -> None:
    """Tell the service manager, where there is one (sd_notify(3)); else do nothing."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    address = f"\0{path[1:]}" if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        if notifier.connect_ex(address) == 0:
            notifier.sendall(state.encode())
