"""Running the public listener: socket, workers, systemd."""

import os
import secrets
import socket
from functools import partial
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess

from waypost.errors import SettingsError
from waypost.logs import configure
from waypost.settings import Settings
from waypost.web.public.app import PublicApp

BACKLOG: Final = 2048
GRACEFUL_SHUTDOWN_SECONDS: Final = 10


def run(settings: Settings) -> None:
    """Serve until a signal ends it.

    Raises:
        SettingsError: the host or the port cannot be listened on.
    """
    if settings.log_key is None:
        settings = settings.model_copy(update={"log_key": secrets.token_hex(16)})
    config = uvicorn.Config(
        partial(create_app, settings),
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
    listener = listen(settings.host, settings.port)
    # From here on connections wait in the backlog until a worker takes them.
    notify_systemd("READY=1\nSTATUS=Serving")
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


def create_app(settings: Settings) -> PublicApp:
    """Make the application inside a worker, which may be a fresh process."""
    configure(settings.loglevel, settings.log_format)
    return PublicApp(settings)


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
