"""One connection of the public listener: uvicorn's, with limits to what comes before a body.

httptools and uvicorn collect the URL, the headers and the trailers of a request for as long as
they come, and wait for them for ever. Bodies have their limits in `request`.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_OCTETS: Final = 32 * 1024
"""How long the URL and headers of a request may be, with its trailers."""
HEAD_MAX_FIELDS: Final = 200
"""How many these may be: a short header takes much more memory than octets."""
BESIDE_BODY_MAX_OCTETS: Final = 1024 * 1024
"""How much may come for a request that is no body: how chunks are cut, and what is never ended."""
HEAD_TIMEOUT_SECONDS: Final = 10.0
_TOO_LONG: Final = "The head of the request is too long."


class HeadTooLong(ValueError):
    """A URL with its headers is longer than `HEAD_MAX_OCTETS`, or they are too many."""


class Connection(HttpToolsProtocol):
    """What uvicorn makes for each connection."""

    _in_head = True
    _heads = 0  # so many have come to their end
    _named_octets = 0  # of the URL and the headers that are whole
    _fields = 0
    _beside_octets = 0  # of all that is no body
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request no longer than for the others."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is more than a request may have."""
        heads = self._heads
        self._beside_octets += len(data)
        super().data_received(data)
        if self._heads != heads:
            self._beside_octets = 0  # It was about another request, in part at least.
        limit = HEAD_MAX_OCTETS if self._in_head else BESIDE_BODY_MAX_OCTETS
        if self._beside_octets > limit and not self.transport.is_closing():
            self.send_400_response(_TOO_LONG)
        if self._heads and not self.cycle.response_complete:
            self._stop_waiting()  # The application has limits of its own.
        elif self._timer is None:
            self._wait()

    def on_message_begin(self) -> None:
        """Count anew."""
        self._in_head = True
        self._named_octets = self._fields = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which nobody reads (RFC 9110 s6.5.1)."""
        self._fields += 1
        self._count(len(name) + len(value))
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin with the body."""
        self._in_head = False
        super().on_headers_complete()
        self._heads += 1

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._beside_octets -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin with the next request."""
        self._in_head = True
        self._beside_octets = 0
        super().on_message_complete()

    def _count(self, octets: int) -> None:
        self._named_octets += octets
        if self._named_octets > HEAD_MAX_OCTETS or self._fields > HEAD_MAX_FIELDS:
            raise HeadTooLong(_TOO_LONG)  # httptools ends; uvicorn answers with a 400.

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_TIMEOUT_SECONDS, self._end)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
