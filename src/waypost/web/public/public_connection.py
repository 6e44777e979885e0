"""One connection of the public listener: it gives known answers at once."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from waypost.web.connection import HttpConnection
from waypost.web.connection_limit import ConnectionLimit
from waypost.web.public.answer_templates import AnswerBytes, AnswerTemplates, Peer

RECEIVED: str = "waypost.received"
"""In the scope of a request: the received piece that begins with it, or else no bytes."""


class PublicConnection(HttpConnection):
    """A connection that answers from the templates, or else as every other listener."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limit: ConnectionLimit,
        templates: AnswerTemplates,
    ) -> None:
        """Initialize as `HttpConnection` does, with the templates of this worker."""
        super().__init__(config, server_state, app_state, _loop, limit=limit)
        self._templates = templates
        self._received = b""
        self._peer = Peer(None, None, is_trusted=False)
        self._answered_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Read once who the client is, and whether it is a trusted proxy."""
        super().connection_made(transport)
        self._peer = self._templates.peer(self.client[0] if self.client else None)

    def data_received(self, data: bytes) -> None:
        """Answer a known request at once; parse any other."""
        self._received = b""
        if self.is_idle:
            headers = self.server_state.default_headers
            if (answer := self._templates.answer(data, self._peer, headers)) is not None:
                self._send(answer)
                return
            self._received = data
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Add the received bytes to the scope of the request that they begin with."""
        super().on_message_begin()
        self.scope["state"][RECEIVED], self._received = self._received, b""

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; known answers do not start the time again."""
        rest = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if rest > 0:
            self._keep_alive(rest)
        else:
            super().timeout_keep_alive_handler()

    def _send(self, answer: AnswerBytes) -> None:
        self.server_state.total_requests += 1
        self.transport.write(answer.data)
        if answer.closes:
            self.transport.close()
            return
        self._head_deadline.stop()  # It starts again with the next request that is parsed.
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)
        self._limit.mark_waiting(self)

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )
