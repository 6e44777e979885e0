"""One worker of the public listener in this process: connections without sockets."""

import asyncio
import io
import json
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Self

from prometheus_client import generate_latest
from uvicorn.server import ServerState

from tests.servers.patience import PATIENCE_SECONDS
from tests.web.asgi import settings
from waypost.directory.directories import Directories
from waypost.directory.factory import open_directory
from waypost.lookup.lookup import Lookup
from waypost.runtime.log_writer import LogWriter
from waypost.runtime.logs import configure
from waypost.runtime.metrics import Metrics
from waypost.settings import Settings
from waypost.web.connection import HttpConnection
from waypost.web.connection_limit import ConnectionLimit
from waypost.web.listener_options import listener_config
from waypost.web.public.answer_templates import AnswerTemplates
from waypost.web.public.app import PublicApp
from waypost.web.public.public_connection import PublicConnection
from waypost.web.public.request import Receive, Scope, Send
from waypost.wiring import Domains, Runtime

INCOMPLETE_SECONDS = 0.1
# Pipelined requests are answered in later rounds of the event loop.
IDLE_ROUNDS = 20
DATE = b"Thu, 01 Jan 1970 00:00:00 GMT"


class MemoryTransport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, peer: str | None) -> None:
        super().__init__()
        self.written = bytearray()
        self.is_closed = False
        self._peer = peer

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
        result = {"peername": self._peer and (self._peer, 50000), "sockname": ("127.0.0.1", 4243)}
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


class Worker:
    """A worker, with templates of answers or without them.

    Attributes:
        routed: how many requests the router has answered.
    """

    def __init__(
        self,
        domains: Callable[[Metrics], Domains],
        options: Settings | None = None,
        *,
        has_templates: bool = True,
        secrets: Iterable[str] = (),
    ) -> None:
        self._log = io.StringIO()
        self.routed = 0
        configure("INFO", "json", self._log, secrets, configure_stdlib_log=False)
        self._runner = asyncio.Runner()
        self.metrics = Metrics()
        self.cache = domains(self.metrics)
        people = Directories(open_directory, metrics=self.metrics)
        runtime = Runtime(self.cache, Lookup(self.cache, people), people, None, self.metrics)
        self.templates = AnswerTemplates() if has_templates else None
        self.log_writer = StringLog(self._log)
        self.app = PublicApp(
            options or settings(),
            lambda _: runtime,
            templates=self.templates,
            log_writer=self.log_writer,
        )
        config = listener_config()(self._counted, interface="asgi3", lifespan="off")
        config.load()
        limit = ConnectionLimit(100)
        self._connection: Callable[[], HttpConnection]
        self._state = ServerState()
        self._state.default_headers = [(b"date", DATE)]
        if self.templates is None:
            self._connection = partial(HttpConnection, config, self._state, {}, limit=limit)
        else:
            self._connection = partial(
                PublicConnection, config, self._state, {}, limit=limit, templates=self.templates
            )

    def __enter__(self) -> Self:
        self._run(self.app.open)
        return self

    def __exit__(self, *_error: object) -> None:
        self._runner.run(self.app.close())
        self._runner.close()

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.routed += 1
        await self.app(scope, receive, send)

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

    def _run(self, function: Callable[[], object]) -> None:
        async def run() -> None:
            function()

        self._runner.run(run())

    @property
    def lines(self) -> list[dict[str, object]]:
        """The lines of the access log, without times."""
        result = [json.loads(line) for line in self._log.getvalue().splitlines()]
        return [
            {name: value for name, value in line.items() if name not in {"ms", "timestamp"}}
            for line in result
        ]

    @property
    def raw_lines(self) -> list[str]:
        """The lines of the access log, with other digits for times.

        Other lines are left out: those of all workers of a process go to the last one.
        """
        text = re.sub(r'"ms": [0-9.]+', '"ms": 0.0', self._log.getvalue())
        lines = re.sub(r"T[0-9:.]+Z", "T00:00:00Z", text).splitlines()
        return [line for line in lines if '"event": "request"' in line]

    @property
    def counts(self) -> str:
        """The metrics, without times."""
        text = generate_latest(self.metrics.registry).decode()
        return "\n".join(line for line in text.splitlines() if "_created" not in line)
