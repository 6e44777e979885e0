"""Connections that are answered as soon as they are accepted, and those that are passed on."""

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import uvloop
from uvicorn.server import ServerState

from tests.servers.patience import PATIENCE_SECONDS
from tests.web.test_draining import until
from waypost.web.acceptor import RETRY_SECONDS, Acceptor
from waypost.web.connection_limit import ConnectionLimit, limit_socket_buffers
from waypost.web.immediate_connection import ImmediateConnection
from waypost.web.listener_options import listener_config
from waypost.web.public.request import Receive, Scope, Send

KNOWN = b"GET /known HTTP/1.0\r\n\r\n"
OTHER = b"GET /other HTTP/1.0\r\n\r\n"
LONG = b"GET /long HTTP/1.0\r\n\r\n"
ANSWERS = {KNOWN: b"HTTP/1.1 200 OK\r\n\r\nknown", LONG: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10**6}


class Answers:
    """Knows the answers to two requests."""

    request_max_bytes = 100

    def answer(self, data: bytes, address: str | None) -> bytes | None:
        """Return the answer for a client on this machine."""
        return ANSWERS.get(data) if address == "127.0.0.1" else None


async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer what the acceptor has passed on."""
    headers = [(b"content-length", b"9")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"passed on"})


class OwnListener(socket.socket):
    """A listening socket whose first calls of `accept` fail."""

    errors: list[int]

    def accept(self) -> tuple[socket.socket, Any]:
        """Raise the next error, or accept."""
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        return super().accept()


@dataclass
class Trial:
    """An acceptor in the running event loop.

    Attributes:
        listener: its socket.
        acceptor: accepts its connections.
        connections: those that were passed on.
    """

    listener: OwnListener
    acceptor: Acceptor
    connections: list[ImmediateConnection] = field(default_factory=list)

    def client(self) -> socket.socket:
        """Return a connection of a client, which the acceptor has not accepted yet."""
        return socket.create_connection(self.listener.getsockname(), PATIENCE_SECONDS)

    async def received(self, client: socket.socket) -> bytes:
        """Return all that a client receives until the connection is closed."""
        client.setblocking(False)
        loop, data = asyncio.get_running_loop(), b""
        while part := await asyncio.wait_for(loop.sock_recv(client, 65536), PATIENCE_SECONDS):
            data += part
        client.close()
        return data


def run(test: Callable[[Trial], Awaitable[None]], errors: list[int] | None = None) -> None:
    """Run a test with an acceptor."""

    async def with_acceptor() -> None:
        config = listener_config()(application, interface="asgi3", lifespan="off")
        config.load()
        connections: list[ImmediateConnection] = []
        make = partial(ImmediateConnection, config, ServerState(), {}, limit=ConnectionLimit(100))

        def protocol() -> ImmediateConnection:
            connections.append(make())
            return connections[-1]

        with OwnListener() as listener:
            listener.errors = errors or []
            limit_socket_buffers(listener)
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            acceptor = Acceptor(listener, Answers(), protocol)
            await test(Trial(listener, acceptor, connections))
            acceptor.close()
            await acceptor.wait_closed()

    uvloop.run(with_acceptor())


def test_known_request() -> None:
    """A known request is answered and its connection closed, without a protocol."""

    async def test(trial: Trial) -> None:
        clients = [trial.client() for _ in range(40)]
        for client in clients:
            client.sendall(KNOWN)
        for client in clients:
            assert await trial.received(client) == ANSWERS[KNOWN]
        assert not trial.connections

    run(test)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([OTHER], id="another request"),
        pytest.param([KNOWN + OTHER], id="two requests"),
        pytest.param([KNOWN[:9], KNOWN[9:]], id="in two pieces"),
        pytest.param([b"", KNOWN], id="later"),
    ],
)
def test_passed_on(pieces: list[bytes]) -> None:
    """All other requests are passed on, with all their bytes."""

    async def test(trial: Trial) -> None:
        client = trial.client()
        for piece in pieces:
            client.sendall(piece)
            if len(pieces) > 1:
                await until(lambda: bool(trial.connections))
        assert (await trial.received(client)).endswith(b"passed on")
        assert len(trial.connections) == 1

    run(test)


def test_long_answer() -> None:
    """What the system does not take at once of a long answer follows."""

    async def test(trial: Trial) -> None:
        client = trial.client()
        client.sendall(LONG)
        assert await trial.received(client) == ANSWERS[LONG]
        assert [one.server_state.total_requests for one in trial.connections] == [1]

    run(test)


def test_clients_that_go() -> None:
    """A client that resets or closes its connection before an answer disturbs no other one."""

    async def test(trial: Trial) -> None:
        for request in (b"", KNOWN):
            client = trial.client()
            client.sendall(request)
            no_linger = struct.pack("ii", 1, 0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
            client.close()
            trial.client().close()
        client = trial.client()
        client.sendall(KNOWN)
        assert await trial.received(client) == ANSWERS[KNOWN]

    run(test)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOBUFS, errno.ECONNABORTED])
def test_error_of_the_system(number: int) -> None:
    """A connection that could not be accepted waits, and is accepted later."""

    async def test(trial: Trial) -> None:
        client = trial.client()
        client.sendall(KNOWN)
        assert await trial.received(client) == ANSWERS[KNOWN]

    run(test, [number] * 2)


def test_end() -> None:
    """A closed acceptor accepts nothing, and leaves new connections to the next process."""

    async def test(trial: Trial) -> None:
        assert trial.acceptor.is_serving()
        for _ in range(2):
            trial.acceptor.close()
        assert not trial.acceptor.is_serving()
        client = trial.client()
        client.sendall(KNOWN)
        await asyncio.sleep(0)
        accepted, _ = trial.listener.accept()
        assert accepted.recv(100) == KNOWN
        accepted.close()
        client.close()

    run(test)


def test_end_while_waiting() -> None:
    """A closed acceptor does not begin again after an error of the system."""

    async def test(trial: Trial) -> None:
        client = trial.client()
        await until(lambda: not trial.listener.errors)
        trial.acceptor.close()
        await asyncio.sleep(2 * RETRY_SECONDS)
        assert not trial.connections
        client.close()

    run(test, [errno.EMFILE])
