"""A server that ends: what clients get that have sent a request, or are about to."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest
import uvicorn

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.service_manager import tcp_socket
from waypost.web import draining
from waypost.web.acceptor import Acceptor
from waypost.web.connection import HttpConnection
from waypost.web.connection_limit import ConnectionLimit
from waypost.web.draining import DrainingServer
from waypost.web.immediate_connection import ImmediateConnection
from waypost.web.listener_options import listener_config
from waypost.web.public.request import Receive, Scope, Send

if TYPE_CHECKING:
    from asyncio.base_events import Server

REQUEST = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Application:
    """An application whose answers to `/slow` wait until they are released."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            self.started.set()
            await self.release.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


async def until(holds: Callable[[], bool], *, seconds: float = 0.01) -> None:
    """Wait until a condition holds, which is checked again after some seconds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if holds():
            return
        await asyncio.sleep(seconds)
    raise TimeoutError


async def ask_until_closed(client: Client) -> None:
    """Send one request after the other until an answer says that it is the last one."""
    for _ in range(int(PATIENCE_SECONDS / 0.01)):
        if b"connection: close" in await answer(client, REQUEST):
            break
        await asyncio.sleep(0.01)
    assert await client[0].read() == b""


async def answer(client: Client, request: bytes = b"") -> bytes:
    """Send a request, and return one answer."""
    reader, writer = client
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(2)


class NoAnswers:
    """Knows no answer before the application."""

    request_max_bytes = 100

    def answer(self, _data: bytes, _address: str | None) -> None:
        """Return None."""


class AcceptingServer(DrainingServer):
    """A server that accepts the connections of one socket as a worker does."""

    acceptor: Acceptor
    address: tuple[str, int]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        limit = ConnectionLimit(100)
        protocol = partial(ImmediateConnection, self.config, self.server_state, {}, limit=limit)
        (listener,) = sockets or []
        self.acceptor = Acceptor(listener, NoAnswers(), protocol)
        self.servers.append(cast("Server", self.acceptor))
        self.address = listener.getsockname()


async def run(
    test: Callable[[Application, DrainingServer, Callable[[], Awaitable[Client]]], Awaitable[None]],
    create: Callable[[uvicorn.Config], DrainingServer] = DrainingServer,
) -> None:
    application, listener = Application(), tcp_socket()
    address = listener.getsockname()
    config = listener_config()(
        application,
        http=partial(HttpConnection, limit=ConnectionLimit(100)),
        lifespan="off",
        interface="asgi3",
        timeout_graceful_shutdown=5,
    )
    server = create(config)
    # As systemd does, the test keeps the socket open.
    serving = asyncio.create_task(server._serve([listener.dup()]))  # noqa: SLF001 -- without signals
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Client:
        reader, writer = await asyncio.open_connection(*address)
        writers.append(writer)
        return reader, writer

    try:
        await asyncio.wait_for(test(application, server, connect), PATIENCE_SECONDS)
        await asyncio.wait_for(serving, PATIENCE_SECONDS)
    finally:
        for writer in writers:
            writer.close()
        listener.close()


def test_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that are on their way are answered with `close`; an idle connection is closed."""
    monkeypatch.setattr(draining, "DRAIN_SECONDS", 2.0)

    async def test(
        application: Application, server: DrainingServer, connect: Callable[[], Awaitable[Client]]
    ) -> None:
        new, kept, slow, idle = [await connect() for _ in range(4)]
        assert b"connection: close" not in await answer(kept, REQUEST)
        assert b"connection: close" not in await answer(idle, REQUEST)
        slow[1].write(REQUEST.replace(b"/ ", b"/slow "))
        await application.started.wait()
        await until(lambda: len(server.server_state.connections) == 4)
        server.should_exit = True
        await until(lambda: not server.servers[0].is_serving())
        # Each of them has been accepted before, and sends its request now.
        for client in (new, kept):
            assert b"connection: close" in await answer(client, REQUEST)
            assert await client[0].read() == b""
        application.release.set()
        assert b"connection: close" in await answer(slow)
        assert await idle[0].read() == b""

    asyncio.run(run(test))


def test_connection_that_is_passed_on_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was accepted before the end, and gets its protocol later, is drained."""
    monkeypatch.setattr(draining, "DRAIN_SECONDS", 2.0)

    async def test(
        _application: Application, server: DrainingServer, connect: Callable[[], Awaitable[Client]]
    ) -> None:
        await answer(await connect(), REQUEST)  # The server waits for this idle connection.
        server.should_exit = True
        await until(lambda: not server.servers[0].is_serving())
        accepted, own = socket.socketpair()
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: HttpConnection(
                server.config, server.server_state, {}, limit=ConnectionLimit(100)
            ),
            accepted,
        )
        client = await asyncio.open_connection(sock=own)
        await ask_until_closed(client)
        client[1].close()

    asyncio.run(run(test))


def test_only_connection_is_passed_on_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drained too if no other connection is open when the server begins to end."""
    monkeypatch.setattr(draining, "DRAIN_SECONDS", 2.0)

    async def test(
        _application: Application, server: DrainingServer, _connect: Callable[[], Awaitable[Client]]
    ) -> None:
        await until(lambda: server.started)
        assert isinstance(server, AcceptingServer)
        own = socket.create_connection(server.address, PATIENCE_SECONDS)
        await until(server.acceptor.is_passing_on, seconds=0.0)
        ending = asyncio.create_task(server.shutdown())
        client = await asyncio.open_connection(sock=own)
        await ask_until_closed(client)
        await ending
        client[1].close()
        server.should_exit = True

    asyncio.run(run(test, AcceptingServer))


@pytest.mark.parametrize("is_new", [True, False])
def test_request_that_the_event_loop_has_not_read(is_new: bool) -> None:
    """A request that arrives in the moment of the close is answered, and its client not reset."""

    async def test(
        _application: Application, server: DrainingServer, connect: Callable[[], Awaitable[Client]]
    ) -> None:
        client = await connect()
        if not is_new:
            await answer(client, REQUEST)
        await until(lambda: len(server.server_state.connections) == 1)
        (connection,) = server.server_state.connections
        client[1].write(REQUEST)  # At once in the server's socket; nothing reads it before the end.
        connection.shutdown()
        assert b"connection: close" in await answer(client)
        assert await client[0].read() == b""
        server.should_exit = True

    asyncio.run(run(test))


def test_pipelined_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that wait behind another one are answered too, and the last answer says `close`."""
    monkeypatch.setattr(draining, "DRAIN_SECONDS", 2.0)

    async def test(
        application: Application, server: DrainingServer, connect: Callable[[], Awaitable[Client]]
    ) -> None:
        client = await connect()
        client[1].write(REQUEST.replace(b"/ ", b"/slow ") + REQUEST * 2)
        await application.started.wait()
        server.should_exit = True
        await until(lambda: not server.servers[0].is_serving())
        application.release.set()
        answers = [await answer(client) for _ in range(3)]
        assert [b"connection: close" in one for one in answers] == [False, False, True]
        assert await client[0].read() == b""

    asyncio.run(run(test))


def test_nothing_to_wait_for() -> None:
    """Without connections, the server ends at once."""

    async def test(
        _application: Application, server: DrainingServer, _connect: Callable[[], Awaitable[Client]]
    ) -> None:
        await until(lambda: server.started)
        server.should_exit = True

    asyncio.run(run(test))


def test_backlog_is_kept() -> None:
    """A connection that was not accepted waits for the next process at the same socket."""

    async def test(
        _application: Application, server: DrainingServer, connect: Callable[[], Awaitable[Client]]
    ) -> None:
        await until(lambda: server.started)
        server.should_exit = True
        await until(lambda: not server.servers[0].is_serving())
        _, writer = await connect()
        writer.write(REQUEST)
        await writer.drain()
        peer = writer.get_extra_info("socket")
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0

    asyncio.run(run(test))
