"""A listener in this process: connections without sockets."""

import asyncio
import io
import json
import re
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Self

from prometheus_client import generate_latest
from uvicorn.server import ServerState

from tests.servers.patience import PATIENCE_SECONDS
from waypost.runtime.log_writer import LogWriter
from waypost.runtime.logs import LogFormat, configure
from waypost.runtime.metrics import Metrics
from waypost.web.connection import HttpConnection
from waypost.web.connection_limit import ConnectionLimit
from waypost.web.listener_options import listener_config
from waypost.web.public.request import Receive, Scope, Send

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

INCOMPLETE_SECONDS = 0.1
# Pipelined requests are answered in later rounds of the event loop.
IDLE_ROUNDS = 20
DATE = b"Thu, 01 Jan 1970 00:00:00 GMT"


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, peer: str | None, own_socket: socket.socket | None = None) -> None:
        super().__init__()
        self.written = bytearray()
        self.is_closed = False
        self._peer = peer
        self._socket = own_socket

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def write_eof(self) -> None:
        """Ignore the call: there is no socket."""

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None:
        """Ignore the call: nothing is read from a socket."""

    def resume_reading(self) -> None:
        """Ignore the call: nothing is read from a socket."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Ignore the call: everything is kept."""

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        result: dict[str, object] = {
            "peername": self._peer and (self._peer, 50000),
            "sockname": ("127.0.0.1", 4243),
            "socket": self._socket,
        }
        return result.get(name, default)


class StringLog(LogWriter):
    """A writer of the log that writes to memory, without a thread."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream
        self.dropped = 0

    def write(self, text: str) -> int:
        return self._stream.write(text)

    def count_dropped_lines(self) -> int:
        count, self.dropped = self.dropped, 0
        return count


class Listener:
    """The connections of a listener, its log and its metrics.

    Attributes:
        metrics: what it counts.
        log_writer: the writer of its log.
        routed: how many requests the application has answered.
    """

    def __init__(
        self,
        secrets: Iterable[str] = (),
        *,
        level: str = "INFO",
        log_format: LogFormat = "json",
    ) -> None:
        self._log = io.StringIO()
        configure(level, log_format, self._log, secrets, configure_stdlib_log=False)
        self._runner = asyncio.Runner()
        self._connection: Callable[[], HttpConnection]
        self._state = ServerState()
        self.set_date(DATE)
        self.metrics = Metrics()
        self.log_writer = StringLog(self._log)
        self.routed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._runner.close()

    def serve(
        self, app: Application, connection: Callable[..., HttpConnection], **options: object
    ) -> None:
        """Answer with an application, on connections of a class with these options."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            self.routed += 1
            await app(scope, receive, send)

        config = listener_config()(counted, interface="asgi3", lifespan="off")
        config.load()
        limit = ConnectionLimit(100)
        self._connection = partial(connection, config, self._state, {}, limit=limit, **options)

    def set_date(self, date: bytes) -> None:
        """Send another date from now on, as uvicorn does every second."""
        self._state.default_headers = [(b"date", date)]

    def run(self, function: Callable[[], object]) -> None:
        """Call a function in the event loop."""

        async def run() -> None:
            function()

        self._runner.run(run())

    def run_until_complete(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine in the event loop."""
        self._runner.run(coroutine)

    def send(
        self, *pieces: bytes, peer: str | None = "192.0.2.7", pause: float = 0.0
    ) -> tuple[bytes, bool]:
        """Send pieces on a new connection; return all answers, and whether it was closed.

        Args:
            pieces: what the connection receives at once, each.
            peer: the address of the client.
            pause: how many seconds the client waits after each piece.
        """
        return self._runner.run(self._send(pieces, peer, pause))

    async def _send(
        self, pieces: tuple[bytes, ...], peer: str | None, pause: float
    ) -> tuple[bytes, bool]:
        transport, connection = MemoryTransport(peer), self._connection()
        connection.connection_made(transport)
        for piece in pieces:
            connection.data_received(piece)
            await self._until_answered(connection)
            await asyncio.sleep(pause)
        is_closed = transport.is_closed
        connection.connection_lost(None)
        if self._state.tasks:
            await asyncio.wait(self._state.tasks)
        return bytes(transport.written), is_closed

    async def _until_answered(self, connection: HttpConnection) -> None:
        """Wait for all answers, but not for long if the body of the last request is incomplete."""
        idle_rounds = 0
        while idle_rounds < IDLE_ROUNDS:
            idle_rounds += 1
            if self._state.tasks:
                is_incomplete = connection.cycle.more_body
                seconds = INCOMPLETE_SECONDS if is_incomplete else PATIENCE_SECONDS
                done, _ = await asyncio.wait(self._state.tasks, timeout=seconds)
                if not done:
                    assert is_incomplete, "a request was not answered"
                    return
                idle_rounds = 0
            await asyncio.sleep(0)

    @property
    def lines(self) -> list[dict[str, object]]:
        """The lines of the log, without times."""
        result = [json.loads(line) for line in self._log.getvalue().splitlines()]
        return [
            {name: value for name, value in line.items() if name not in {"id", "ms", "timestamp"}}
            for line in result
        ]

    @property
    def raw_lines(self) -> list[str]:
        """The lines of the log, with other digits for times."""
        text = re.sub(r'"ms": [0-9.]+', '"ms": 0.0', self._log.getvalue())
        text = re.sub(r'"id": "[0-9a-f]{8}-[0-9a-f]+"', '"id": "x"', text)
        return re.sub(r"T[0-9:.]+Z", "T00:00:00Z", text).splitlines()

    @property
    def counts(self) -> str:
        """The metrics, without times."""
        text = generate_latest(self.metrics.registry).decode()
        is_time = re.compile(r"_created|_since_timestamp|_duration_seconds_(sum|bucket)")
        return "\n".join(line for line in text.splitlines() if not is_time.search(line))
