"""One connection of the public listener: uvicorn's, with limits to what comes before a body.

httptools and uvicorn collect the URL, the headers and the trailers of a request for as long as
they come, and wait for them for ever. Bodies have their limits in `request`.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from waypost.web.public.lingering import LingeringTransport
from waypost.web.public.parser import Parser
from waypost.web.public.request import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

HEAD_MAX_OCTETS: Final = 32 * 1024
"""How long the URL and headers of a request may be, with its trailers."""
HEAD_MAX_FIELDS: Final = 200
"""How many these may be: a short header takes much more memory than octets."""
BESIDE_BODY_MAX_OCTETS: Final = 1024 * 1024
"""How much may come for a request that is no body: how chunks are cut, and what is never ended."""
HEAD_TIMEOUT_SECONDS: Final = 10.0
WAITING_MAX_REQUESTS: Final = 1000
"""How many requests may wait for the answer to another one (RFC 9112 s9.3.2, pipelining)."""
DRAIN_MAX_OCTETS: Final = 64 * 1024
"""How much of a body is read after its answer to keep the connection for another request."""
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
    _in_request = False
    _body_octets = 0
    _timer: asyncio.TimerHandle | None = None
    _lingering: LingeringTransport
    parser: Parser

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request no longer than for the others."""
        self._lingering = LingeringTransport(transport, self._is_sending)
        super().connection_made(self._lingering)
        self.parser = Parser(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        self._lingering.forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is more than a request may have."""
        if self._lingering.is_lingering:
            self._lingering.drop(data)
            return
        heads = self._heads
        self._beside_octets += len(data)
        super().data_received(data)
        if len(self.pipeline) > WAITING_MAX_REQUESTS:
            self.transport.abort()
            return
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
        self._in_head = self._in_request = True
        self._named_octets = self._fields = self._body_octets = 0
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
        if self.parser.is_repeated:
            return
        self._in_head = False
        super().on_headers_complete()
        self._heads += 1

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._beside_octets -= len(body)
        self._body_octets += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin with the next request."""
        if self.parser.is_repeated:
            return
        self._in_head = True
        self._in_request = False
        self._beside_octets = 0
        super().on_message_complete()

    def head_without_upgrade(self) -> bytes:
        """Write the head of the request that is being parsed, without `Upgrade`."""
        version = self.parser.get_http_version().encode()
        line = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)
        rest = (b"%b: %b" % one for one in self.headers if one[0] != b"upgrade")
        return b"\r\n".join([line, *rest, b"", b""])

    def on_response_complete(self) -> None:
        """Read no further requests before those that wait are answered."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request. What comes next is unknown."""
        self._in_request = True
        super().send_400_response(msg)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        length = _body_length(cycle.scope["headers"])
        if length != 0:
            app = partial(self._answer, cycle, length, app)
        super()._start_asgi_task(cycle, app)

    async def _answer(
        self,
        cycle: RequestResponseCycle,
        length: int | None,
        app: "ASGI3Application",
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer a request whose body may still come when the answer is sent."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and self._must_end(cycle, length):
                # uvicorn adds "Connection: close", and closes the transport after the answer.
                cycle.keep_alive = False
            await send(message)

        await app(scope, receive, sending)  # type: ignore[arg-type]

    def _must_end(self, cycle: RequestResponseCycle, length: int | None) -> bool:
        """Return whether too much of a body is still to come to read it for nothing."""
        if not cycle.more_body:
            return False
        # RFC 9110 s10.1.1: a client that waits for 100 sends its body or not, so where the next
        # request begins is not known.
        if length is None or cycle.waiting_for_100_continue:
            return True
        return length - self._body_octets > DRAIN_MAX_OCTETS

    def _is_sending(self) -> bool:
        return self._in_request or bool(self.pipeline)

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
            self._lingering.finish()


def _body_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return how long a body is: 0 where there is none, None where only its end shows it."""
    length: int | None = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
    return length
