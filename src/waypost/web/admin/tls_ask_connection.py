"""One connection of the admin listener: it answers the usual request for `/tls/ask` at once.

The application answers the first request of a client. A later one with the same header fields,
byte for byte, and with a plain host name is answered without uvicorn's protocol and Starlette, if
the domains are in memory. `TlsAskEndpoint` decides, logs and counts in both ways.
docs/decisions/0026-answer-templates.md explains why both give the same answers.
"""

import asyncio
import re
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final, NamedTuple, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.runtime.lru import LruCache
from waypost.web.admin.guard import is_direct
from waypost.web.admin.tls import PATH, Decision, TlsAskEndpoint
from waypost.web.connection_limit import ConnectionLimit
from waypost.web.immediate_connection import ImmediateConnection
from waypost.web.public.request import Scope

Headers = Sequence[tuple[bytes, bytes]]
Client = tuple[str, int]

REQUEST_MAX_BYTES: Final = 1024
"""Longer requests are not kept."""
HEADER_BLOCKS_MAX: Final = 100
"""How many different blocks of header fields are kept. Caddy sends one."""
_LINE: Final = re.compile(rb"GET " + PATH.encode() + rb"\?domain=([a-z0-9.-]{1,253}) HTTP/1\.1\r\n")
# One request: the blank line is at the end, and no line break can be read in two ways.
_HEADER_BLOCK: Final = re.compile(rb"(?:[^\r\n]+\r\n)+\r\n")
# The answer depends on none of these, except for the check of `Host`.
_IGNORED: Final = frozenset({b"host", b"user-agent", b"accept", b"accept-encoding"})


class TlsAskRequest(NamedTuple):
    """The host name in a request, and the bytes of its header fields."""

    host: str
    header_block: bytes


def split_request(data: bytes) -> TlsAskRequest | None:
    """Divide a request for a plain host name after its first line; None if it is another one.

    Args:
        data: what a connection has received, between two requests.
    """
    found = _LINE.match(data) if len(data) <= REQUEST_MAX_BYTES else None
    return None if found is None else TlsAskRequest(found[1].decode(), data[found.end() :])


class TlsAskAnswers:
    """The answers of one process that can be sent at once."""

    def __init__(self, endpoint: TlsAskEndpoint) -> None:
        """Initialize with the endpoint, without known header fields."""
        self._endpoint = endpoint
        self._accepted: LruCache[tuple[str, bytes], bool] = LruCache(HEADER_BLOCKS_MAX)
        self._default_headers: Headers = []
        self._encoded: dict[Decision, bytes] = {}

    def answer(
        self, request: TlsAskRequest, client: Client | None, default_headers: Headers
    ) -> bytes | None:
        """Return the whole answer to a request, or None if the application must answer.

        Args:
            request: the request. Its header block may be incomplete, or be more than one.
            client: the address of the client.
            default_headers: those of the server, such as Date.
        """
        start = perf_counter()
        if client is None or self._accepted.get((client[0], request.header_block)) is None:
            return None
        try:
            host = DomainName.parse(request.host)
        except DomainError:
            return None
        decision = self._endpoint.answer_from_memory(host, start)
        return None if decision is None else self._encode(decision, default_headers)

    def accept(self, request: TlsAskRequest, scope: Scope) -> None:
        """Keep the header fields of a request, if the same ones may be answered at once.

        Args:
            request: the request.
            scope: what uvicorn's parser has found in it.
        """
        names = {name for name, _ in scope["headers"]}
        is_usual = names <= _IGNORED and _HEADER_BLOCK.fullmatch(request.header_block)
        if is_usual and is_direct(scope):
            self._accepted.put((scope["client"][0], request.header_block), True)

    def _encode(self, decision: Decision, default_headers: Headers) -> bytes:
        """Return the bytes of an answer; the server has new default headers every second."""
        if default_headers is not self._default_headers:
            self._default_headers = default_headers
            self._encoded.clear()
        encoded = self._encoded.get(decision)
        if encoded is None:
            response = decision.response()
            headers = [*default_headers, *response.raw_headers]
            lines = [b"%b: %b\r\n" % header for header in headers]
            encoded = b"".join([STATUS_LINE[decision.status], *lines, b"\r\n", response.body])
            self._encoded[decision] = encoded
        return encoded


class TlsAskConnection(ImmediateConnection):
    """A connection that answers from memory, or else as every other listener."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limit: ConnectionLimit,
        answers: TlsAskAnswers,
    ) -> None:
        """Initialize as `HttpConnection` does, with the answers of this process."""
        super().__init__(config, server_state, app_state, _loop, limit=limit)
        self._answers = answers
        self._request: TlsAskRequest | None = None

    def data_received(self, data: bytes) -> None:
        """Answer a known request at once; parse any other."""
        request = split_request(data) if self.is_idle else None
        if request is not None:
            headers = self.server_state.default_headers
            if (answer := self._answers.answer(request, self.client, headers)) is not None:
                self.send_at_once(answer, closes=False)
                return
        self._request = request
        super().data_received(data)

    def on_message_complete(self) -> None:
        """Keep the header fields of a request that was received in one piece."""
        super().on_message_complete()
        request, self._request = self._request, None
        if request is not None:
            self._answers.accept(request, cast("Scope", self.scope))
