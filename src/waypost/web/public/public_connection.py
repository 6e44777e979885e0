"""One connection of the public listener: it gives known answers at once."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from waypost.web.connection_limit import ConnectionLimit
from waypost.web.immediate_connection import ImmediateConnection
from waypost.web.public.answer_templates import AnswerTemplates, Peer

RECEIVED: str = "waypost.received"
"""In the scope of a request: the received piece that begins with it, or else no bytes."""


class PublicConnection(ImmediateConnection):
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
        self._peer = Peer(None, None, depth=0)

    def limited_network(self) -> bytes | None:
        """Read once who the client is; return its network, if its connections are limited."""
        self._peer = self._templates.peer(self.client[0] if self.client else None)
        return self._peer.counted_network

    def data_received(self, data: bytes) -> None:
        """Answer a known request at once; parse any other."""
        self._received = b""
        if self.is_idle:
            headers = self.server_state.default_headers
            if (answer := self._templates.answer(data, self._peer, headers)) is not None:
                self.send_at_once(answer.data, closes=answer.closes)
                return
            self._received = data
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Add the received bytes to the scope of the request that they begin with."""
        super().on_message_begin()
        self.scope["state"][RECEIVED], self._received = self._received, b""
