"""Connections after an answer that was sent before uvicorn's protocol saw the request."""

import asyncio
import socket

import pytest
from uvicorn.server import ServerState

from tests.web.in_process import MemoryTransport
from waypost.web.connection_limit import ConnectionLimit
from waypost.web.immediate_connection import ImmediateConnection
from waypost.web.listener_options import listener_config
from waypost.web.public.request import Receive, Scope, Send

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


async def no_answer(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer nothing: no request reaches the application."""


def opened(transport: MemoryTransport) -> ImmediateConnection:
    """Return a connection in the running event loop."""
    config = listener_config()(no_answer, interface="asgi3", lifespan="off")
    config.load()
    connection = ImmediateConnection(config, ServerState(), {}, limit=ConnectionLimit(10))
    connection.connection_made(transport)
    return connection


@pytest.mark.parametrize("closes", [True, False])
def test_end_of_the_connection(closes: bool) -> None:
    """The whole answer is sent, and the connection is closed only if the client wants that."""

    async def answer() -> None:
        transport = MemoryTransport("127.0.0.1")
        connection = opened(transport)
        connection.send_at_once(ANSWER, closes=closes)
        assert transport.written == ANSWER
        assert transport.is_closed == closes
        assert connection.is_idle == (not closes)
        assert connection.server_state.total_requests == 1
        connection.connection_lost(None)

    asyncio.run(answer())


def test_idle_connection() -> None:
    """An idle connection is closed when the time after its last answer is over, and not before."""

    async def wait(transport: MemoryTransport) -> None:
        connection = opened(transport)
        for _ in range(2):
            connection.send_at_once(ANSWER, closes=False)
            connection.timeout_keep_alive_handler()
            assert not transport.is_closed
        connection.timeout_keep_alive = 0
        connection.timeout_keep_alive_handler()
        assert transport.is_closed
        server.close()  # The time can be over later than the connection.
        connection.timeout_keep_alive_handler()
        connection.connection_lost(None)

    server, client = socket.socketpair()
    with server, client:
        asyncio.run(wait(MemoryTransport("127.0.0.1", server)))


def test_request_in_the_last_moment() -> None:
    """An idle connection stays open if a request has arrived that the event loop has not read."""

    async def wait(transport: MemoryTransport, client: socket.socket) -> None:
        connection = opened(transport)
        connection.send_at_once(ANSWER, closes=False)
        connection.timeout_keep_alive = 0
        client.sendall(b"GET")
        connection.timeout_keep_alive_handler()
        assert not transport.is_closed
        connection.connection_lost(None)

    server, client = socket.socketpair()
    with server, client:
        asyncio.run(wait(MemoryTransport("127.0.0.1", server), client))
