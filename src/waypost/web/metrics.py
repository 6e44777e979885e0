"""The listener for Prometheus, separate from the public listener: GET /metrics over http."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import Final

from uvicorn.server import ServerState

from waypost.core.errors import SettingsError
from waypost.web.connection import HttpConnection
from waypost.web.connection_limit import (
    ConnectionLimit,
    limit_socket_buffers,
    max_connections_by_open_files,
)
from waypost.web.listener_options import listener_config
from waypost.web.public.request import Receive, Scope, Send

PATH: Final = "/metrics"
MAX_CONNECTIONS: Final = 32
BACKLOG: Final = 128
SHUTDOWN_TIMEOUT_SECONDS: Final = 1.0


@contextmanager
def serving_metrics(
    address: str, exposition: Callable[[], bytes], option: str = "metrics_listen"
) -> Iterator[int]:
    """Answer in a thread of this process while `with` lasts; yield the port.

    Args:
        address: `HOST:PORT`.
        exposition: returns the text of the answer.
        option: the option that sets the address or its port, for messages.

    Raises:
        SettingsError: Waypost cannot listen on the address or the port.
    """
    with _listen(address, option) as listener:
        stop_callbacks: list[Callable[[], object]] = []
        thread = threading.Thread(
            target=_run,
            args=(listener, exposition, stop_callbacks.append),
            name="metrics",
            daemon=True,
        )
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            for stop_callback in stop_callbacks:
                with suppress(RuntimeError):  # The event loop is closed already.
                    stop_callback()
            thread.join(SHUTDOWN_TIMEOUT_SECONDS)


def _listen(address: str, option: str) -> socket:
    host, _, port = address.rpartition(":")
    listener = socket(AF_INET6 if host.startswith("[") else AF_INET)
    try:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        limit_socket_buffers(listener)
        listener.bind((host.strip("[]"), int(port)))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        message = f"{option} {address}: cannot listen: {reason}"
        raise SettingsError([message]) from error
    return listener


def _run(
    listener: socket,
    exposition: Callable[[], bytes],
    on_start: Callable[[Callable[[], object]], None],
) -> None:
    config = listener_config()(
        partial(_answer, exposition),
        interface="asgi3",
        http=HttpConnection,
        lifespan="off",
    )
    config.load()
    limit = ConnectionLimit(max_connections_by_open_files(MAX_CONNECTIONS))
    connection = partial(HttpConnection, config, ServerState(), {}, limit=limit)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(listener, connection, on_start))


async def _serve(
    listener: socket,
    connection: Callable[[], asyncio.BaseProtocol],
    on_start: Callable[[Callable[[], object]], None],
) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    server = await loop.create_server(connection, sock=listener)
    on_start(partial(loop.call_soon_threadsafe, stopped.set))
    await stopped.wait()
    server.close()


async def _answer(
    exposition: Callable[[], bytes], scope: Scope, _receive: Receive, send: Send
) -> None:
    from waypost.runtime.prometheus import CONTENT_TYPE  # noqa: PLC0415 -- prometheus_client needs 2 MB

    status, content_type, body = HTTPStatus.OK, CONTENT_TYPE, b""
    if scope["method"] not in {"GET", "HEAD"}:
        status, content_type, body = HTTPStatus.NOT_IMPLEMENTED, "text/plain", b"use GET here\n"
    elif scope["path"] != PATH:
        status, content_type, body = (
            HTTPStatus.NOT_FOUND,
            "text/plain",
            b"not found; ask for /metrics\n",
        )
    else:
        body = exposition()
    headers = [
        # RFC 9110 s6.6.1
        (b"date", formatdate(usegmt=True).encode()),
        (b"server", b"waypost"),
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
