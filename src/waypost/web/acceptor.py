"""Accept connections, and answer a request that has arrived together with its connection.

A web server in front sends each request on a new connection, with `Connection: close`, unless it is
configured otherwise (nginx: HTTP/1.0). Such a request has usually arrived before its connection is
accepted. If the answer is known, it is sent with a few system calls on the socket, and the socket
is closed: there is no transport, no protocol and no timer. All other connections are passed on to
the event loop, with all received bytes still in the socket.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from waypost.runtime.log_throttle import LogThrottle
from waypost.web.immediate_connection import ImmediateConnection

ACCEPTS_MAX: Final = 16
"""How many connections are accepted in one round of the event loop, with those on their way to it.

These are not counted by the limits of connections yet.
"""
RETRY_SECONDS: Final = 0.1
"""How long no connection is accepted after the system could not open one."""


class KnownAnswers(Protocol):
    """Knows the answers to some first requests of connections that are closed after them."""

    request_max_bytes: int
    """The most bytes of a request with a known answer."""

    def answer(self, data: bytes, address: str | None) -> bytes | None:
        """Return the answer after which the connection is closed; None if it is not known.

        Args:
            data: what the client has sent.
            address: of the client; None at a Unix socket.
        """
        ...


class Acceptor:
    """Accepts the connections of one listening socket in the running event loop.

    uvicorn ends it like a server of asyncio.
    """

    def __init__(
        self,
        listener: socket.socket,
        answers: KnownAnswers,
        protocol: Callable[[], ImmediateConnection],
    ) -> None:
        """Begin to accept connections.

        Args:
            listener: listens already; the caller closes it.
            answers: the answers that are sent at once.
            protocol: creates the protocol of any other connection.
        """
        self._listener = listener
        self._answers = answers
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self._late = 0  # connections whose request was still on its way
        self._passing_on: set[asyncio.Task[None]] = set()
        self._log_throttle = LogThrottle()
        listener.setblocking(False)
        self._loop.add_reader(listener.fileno(), self._accept)

    def is_serving(self) -> bool:
        """Return whether connections are accepted."""
        return self._is_open

    def is_passing_on(self) -> bool:
        """Return whether connections were accepted that have neither an answer nor a protocol."""
        return self._late > 0 or bool(self._passing_on)

    def close(self) -> None:
        """Accept no more connections. A second call does nothing."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._listener.fileno())

    async def wait_closed(self) -> None:
        """Wait until the connections that were accepted last are with their protocols."""
        if self._passing_on:
            await asyncio.wait(self._passing_on)

    def _accept(self) -> None:
        # Requests arrive while the other connections are accepted.
        for connection, address in self._accepted():
            if not self._answer(connection, address):
                # In the next round of the event loop, the request may be there.
                self._late += 1
                self._loop.call_soon(self._answer_or_pass_on, connection, address)

    def _accepted(self) -> list[tuple[socket.socket, object]]:
        found: list[tuple[socket.socket, object]] = []
        at_most = ACCEPTS_MAX - self._late - len(self._passing_on)
        try:
            while len(found) < at_most:
                found.append(self._listener.accept())
        except (BlockingIOError, ConnectionAbortedError):
            pass  # There are no more, or a client has gone.
        except OSError as error:
            self._pause(error)
        return found

    def _answer(self, connection: socket.socket, address: object) -> bool:
        """Answer a request and close, or pass the connection on; return False without a request."""
        size = self._answers.request_max_bytes + 1
        try:
            data = connection.recv(size, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:  # The client has reset the connection.
            connection.close()
            return True
        answer = self._answers.answer(data, address[0] if isinstance(address, tuple) else None)
        if answer is None:
            self._pass_on(connection)
        else:
            self._send(connection, answer, len(data))
        return True

    def _send(self, connection: socket.socket, answer: bytes, request_bytes: int) -> None:
        """Send the last answer on a new connection, and close it."""
        try:
            # Unread data would make the system reset the connection when it is closed.
            connection.recv(request_bytes, socket.MSG_DONTWAIT)
            sent = connection.send(answer, socket.MSG_DONTWAIT)
        except OSError:  # The client has reset the connection.
            connection.close()
            return
        if sent == len(answer):
            connection.close()
        else:
            self._pass_on(connection, answer[sent:])

    def _answer_or_pass_on(self, connection: socket.socket, address: object) -> None:
        self._late -= 1
        if not self._answer(connection, address):
            self._pass_on(connection)

    def _pass_on(self, connection: socket.socket, rest: bytes = b"") -> None:
        """Let the event loop serve a connection; it sends the rest of an answer first."""
        task = self._loop.create_task(self._connect(connection, rest))
        self._passing_on.add(task)
        task.add_done_callback(self._passing_on.discard)

    async def _connect(self, connection: socket.socket, rest: bytes) -> None:
        try:
            _, protocol = await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()
            return
        if rest:
            protocol.send_at_once(rest, closes=True)

    def _pause(self, error: OSError) -> None:
        """Wait before the next attempt: without descriptors or memory, it would fail at once."""
        if self._log_throttle.should_log():
            structlog.get_logger(__name__).warning(
                "cannot accept connections; trying again; raise the limit of open files "
                "(LimitNOFILE) if there are too many",
                reason=error.strerror or str(error),
            )
        self._loop.remove_reader(self._listener.fileno())
        self._loop.call_later(RETRY_SECONDS, self._continue)

    def _continue(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._listener.fileno(), self._accept)
