"""One connection of a listener: uvicorn's, with limits for memory and time.

httptools and uvicorn collect the URL, the headers and the trailers of a request without a limit,
parse all requests that arrive together, and wait for a client without a limit
(docs/decisions/0016-connections.md). `request` limits the bodies.
"""

import asyncio
import select
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from waypost.web.connection_limit import ConnectionLimit
from waypost.web.lingering import LingeringTransport
from waypost.web.parser import Parser, body_length
from waypost.web.public.request import Message, Receive, Scope, Send
from waypost.web.timer import Timer

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

HEAD_MAX_BYTES: Final = 32 * 1024
"""Maximum bytes of the URL, headers and trailers of one request."""
HEAD_MAX_FIELDS: Final = 200
"""Maximum number of headers and trailers: a short header takes much more memory than its bytes."""
NON_BODY_MAX_BYTES: Final = 1024 * 1024
"""Maximum bytes of a request that are not body: chunk sizes, and parts that never end."""
HEAD_TIMEOUT_SECONDS: Final = 10.0
PIECE_MAX_BYTES: Final = 1024
"""How much is parsed at once. The requests in one piece may wait for the answer to an earlier one.

The requests after the piece are parsed when these are answered (RFC 9112 s9.3.2, pipelining).
"""
WRITE_BUFFER_BYTES: Final = 16 * 1024
"""How much may wait to be sent when another answer begins; the client must read it in time."""
SHUTDOWN_SHARE: Final = 0.6
"""Which part of the server's shutdown time a connection waits for its client."""
DRAIN_MAX_BYTES: Final = 64 * 1024
"""How much of a body is read after its answer, to keep the connection for another request."""
_TOO_LONG: Final = "The head of the request is too long."


class HeadTooLong(ValueError):
    """The URL and headers are longer than `HEAD_MAX_BYTES`, or there are too many headers."""


class HttpConnection(HttpToolsProtocol):
    """The protocol object that uvicorn creates for each connection."""

    _is_draining = False
    _in_head = True
    _complete_heads = 0  # number of complete heads
    _head_bytes = 0  # of the complete URL and headers
    _fields = 0
    _non_body_bytes = 0  # of everything that is not body
    _in_request = False
    _body_bytes = 0
    _unparsed: bytes | memoryview = b""
    _lingering: LingeringTransport
    parser: Parser

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limit: ConnectionLimit,
    ) -> None:
        """Initialize as uvicorn does, with the limit that all connections of a listener share."""
        super().__init__(config, server_state, app_state, _loop)
        self._limit = limit
        self._head_deadline = Timer(self._close_idle)
        self._shutdown_deadline = Timer(self._close_at_shutdown)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline for the first request, which is the same as for later ones."""
        self._lingering = LingeringTransport(transport, self._is_sending)
        super().connection_made(self._lingering)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self.parser = Parser(self)
        self._head_deadline.start(HEAD_TIMEOUT_SECONDS)
        self._limit.add(self, self.limited_network())

    def limited_network(self) -> bytes | None:
        """Return the network of the client, if the number of its connections is limited."""
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all deadlines."""
        self._limit.remove(self)
        self._unparsed = b""
        self._head_deadline.stop()
        self._shutdown_deadline.stop()
        super().connection_lost(exc)
        self._lingering.stop_deadlines()

    def data_received(self, data: bytes) -> None:
        """Parse the data, unless it is more than a request may have."""
        if self._lingering.is_lingering:
            self._lingering.drop(data)
            return
        self._unparsed = b"".join((self._unparsed, data)) if self._unparsed else data
        if not self._lingering.is_reading_held:
            self._parse()

    def pause_writing(self) -> None:
        """Make the application wait for a client that does not read, but not without end."""
        super().pause_writing()
        self._limit.mark_waiting(self)
        self._lingering.expect_reading()

    def resume_writing(self) -> None:
        """Continue to write."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._lingering.stop_expecting_reading()
        if self._is_answering():
            self._limit.mark_busy(self)

    def drain(self) -> None:
        """Close after the next answer, which says so; an idle connection stays open until then."""
        self._is_draining = True
        if self._complete_heads and not self.cycle.response_started and not self._has_next():
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """End after the answer to the last request; limit the time to wait for its client.

        On a busy machine, a request may have arrived that the event loop has not read yet: a close
        would be a reset for its client (see `lingering`), so it is read and answered first.
        """
        if self._is_waiting() and self._has_unread_data():
            self.drain()
        else:
            super().shutdown()
        seconds = self.config.timeout_graceful_shutdown or 0
        self._shutdown_deadline.start(SHUTDOWN_SHARE * seconds)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, unless a request has arrived that was not read yet."""
        if not self.transport.is_closing() and not self._has_unread_data():
            super().timeout_keep_alive_handler()

    def abort(self) -> None:
        """Close the connection at once."""
        self._lingering.abort()

    def _parse(self) -> None:
        """Parse the data up to a complete request that must be answered first."""
        rest = self._unparsed
        if len(rest) > PIECE_MAX_BYTES and not isinstance(rest, memoryview):
            rest = memoryview(rest)  # so that it is not copied for each piece
        while rest and not self._is_answering() and not self.transport.is_closing():
            # If the answer closes the connection, it is still being sent.
            self._unparsed = rest[PIECE_MAX_BYTES:]
            self._parse_piece(rest[:PIECE_MAX_BYTES])
            rest = self._unparsed
        self._unparsed = rest
        if rest:
            self._lingering.hold_reading()
        else:
            self._lingering.release_reading()
        if self._complete_heads and not self.cycle.response_complete:
            self._head_deadline.stop()  # The application has its own limits.
        else:
            self._head_deadline.start(HEAD_TIMEOUT_SECONDS)

    def _parse_piece(self, data: bytes | memoryview) -> None:
        complete_heads = self._complete_heads
        self._non_body_bytes += len(data)
        super().data_received(data)  # type: ignore[arg-type]
        if self._complete_heads != complete_heads:
            self._non_body_bytes = 0  # At least a part was for another request.
        limit = HEAD_MAX_BYTES if self._in_head else NON_BODY_MAX_BYTES
        if self._non_body_bytes > limit and not self.transport.is_closing():
            self.send_400_response(_TOO_LONG)

    def _is_answering(self) -> bool:
        """Return whether a complete request waits for its answer."""
        if not self._complete_heads:
            return False
        cycle = self.cycle
        return bool(self.pipeline) or not (cycle.response_complete or cycle.more_body)

    def on_message_begin(self) -> None:
        """Reset the counters."""
        self._in_head = self._in_request = True
        self._head_bytes = self._fields = self._body_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count and keep a part of the URL."""
        self._count_bytes(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; count but drop a trailer, which no code reads (RFC 9110 s6.5.1)."""
        self._fields += 1
        self._count_bytes(len(name) + len(value))
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request, and the count of its body."""
        if self.parser.is_repeated:
            return
        self._in_head = False
        super().on_headers_complete()
        self._complete_heads += 1

    def on_body(self, body: bytes) -> None:
        """Count and keep a part of the body."""
        self._non_body_bytes -= len(body)
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Prepare for the next request."""
        if self.parser.is_repeated:
            return
        self._in_head = True
        self._in_request = False
        self._non_body_bytes = 0
        super().on_message_complete()
        if self._is_answering():
            self._limit.mark_busy(self)

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has arrived, all answers are sent, and more may follow."""
        if self._in_request or self._unparsed or self._non_body_bytes or self.pipeline:
            return False
        if self._is_draining:
            return False
        is_answered = not self._complete_heads or self.cycle.response_complete
        return is_answered and not self.transport.is_closing() and not self.flow.write_paused

    def head_without_upgrade(self) -> bytes:
        """Return the head of the request that is being parsed, without `Upgrade`."""
        version = self.parser.get_http_version().encode()
        line = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)
        rest = (b"%b: %b" % header for header in self.headers if header[0] != b"upgrade")
        return b"\r\n".join([line, *rest, b"", b""])

    def on_response_complete(self) -> None:
        """Continue with the next request when it is this connection's turn."""
        pipeline, self.pipeline = self.pipeline, deque()
        super().on_response_complete()
        self.pipeline = pipeline
        if self.transport.is_closing():
            self._limit.mark_waiting(self)
        elif pipeline or self._unparsed:
            self._unset_keepalive_if_required()
            self._lingering.hold_reading()
            self._limit.pipeline_queue.schedule(self._continue)
        else:
            self._lingering.release_reading()
            self._limit.mark_waiting(self)

    def _continue(self) -> None:
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._is_answering():
            return
        self._parse()
        if not self._is_answering():
            self._limit.mark_waiting(self)

    def send_400_response(self, msg: str) -> None:
        """Answer 400 and close: where the next request begins is not known."""
        self._in_request = True
        super().send_400_response(msg)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        if self._is_draining and not self._has_next():
            cycle.keep_alive = False
        length = body_length(cycle.scope["headers"])
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
        """Answer a request whose body may still arrive after the answer is sent."""

        async def send_message(message: Message) -> None:
            if message["type"] == "http.response.start" and self._must_close(cycle, length):
                # uvicorn adds "Connection: close", and closes the transport after the answer.
                cycle.keep_alive = False
            await send(message)

        await app(scope, receive, send_message)  # type: ignore[arg-type]

    def _must_close(self, cycle: RequestResponseCycle, length: int | None) -> bool:
        """Return whether the rest of a body is too long to read and drop it."""
        if not cycle.more_body:
            return False
        # RFC 9110 s10.1.1: a client that waits for 100 may send its body or not, so it is not known
        # where the next request begins.
        if length is None or cycle.waiting_for_100_continue:
            return True
        return length - self._body_bytes > DRAIN_MAX_BYTES

    def _has_next(self) -> bool:
        """Return whether another request has arrived, which must be answered too."""
        return bool(self.pipeline) or bool(self._unparsed)

    def _is_waiting(self) -> bool:
        """Return whether all requests are answered, and nothing of another one was read."""
        is_busy = self._is_answering() or self._is_sending() or self._non_body_bytes > 0
        return not is_busy and not self.transport.is_closing()

    def _has_unread_data(self) -> bool:
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _is_sending(self) -> bool:
        return self._in_request or bool(self.pipeline) or bool(self._unparsed)

    def _count_bytes(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > HEAD_MAX_BYTES or self._fields > HEAD_MAX_FIELDS:
            raise HeadTooLong(_TOO_LONG)  # httptools stops; uvicorn answers 400.

    def _close_idle(self) -> None:
        if not self.transport.is_closing():
            self._lingering.finish()

    def _close_at_shutdown(self) -> None:
        if not self._is_answering() or self.flow.write_paused:
            self.abort()
