"""One connection of the public listener: it gives known answers at once."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from waypost.web.connection_limit import ConnectionLimit
from waypost.web.immediate_connection import ImmediateConnection
from waypost.web.public.answer_templates import AnswerTemplates
from waypost.web.public.known_requests import REQUEST_MAX_BYTES
from waypost.web.public.peers import UNKNOWN_PEER

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
        self._peer = UNKNOWN_PEER

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


class LastAnswers:
    """The known answers to first requests after which the connection is closed.

    Attributes:
        request_max_bytes: the most bytes of such a request.
    """

    request_max_bytes = REQUEST_MAX_BYTES

    def __init__(self, templates: AnswerTemplates, server_state: ServerState) -> None:
        """Initialize with the templates of this worker, and the state of its server."""
        self._templates = templates
        self._server_state = server_state

    def answer(self, data: bytes, address: str | None) -> bytes | None:
        """Return the answer to a request of a client; None if a connection must answer."""
        peer, headers = self._templates.peer(address), self._server_state.default_headers
        found = self._templates.answer(data, peer, headers, must_close=True)
        if found is None:
            return None
        self._server_state.total_requests += 1
        return found.data
