"""Stop a server without a failed request."""

import asyncio
import socket
from typing import Final

import uvicorn

from waypost.web.acceptor import Acceptor
from waypost.web.connection import HttpConnection

DRAIN_SECONDS: Final = 0.5
"""How long an idle connection stays open after the signal to stop.

The client may have sent a request already. Longer than the time of a packet around the world.
"""
_POLLS: Final = 25


class DrainingServer(uvicorn.Server):
    """A server that ends in three steps, so that a client never loses a request that it has sent.

    1. It accepts no more connections. If another process has the socket open too, they wait there.
    2. It answers what arrives on the open connections with `Connection: close` (RFC 9112 s9.6),
       until all are closed, but at most `DRAIN_SECONDS`.
    3. It closes the idle ones, and waits for the rest, as uvicorn does.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain the connections, and then end as uvicorn does."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for _ in range(_POLLS):
            # Again each time: a connection that was accepted last gets its protocol only now.
            for connection in list(self.server_state.connections):
                if isinstance(connection, HttpConnection):
                    connection.drain()
            await asyncio.sleep(DRAIN_SECONDS / _POLLS)
            if self.force_exit or not self._has_connections():
                break
        await super().shutdown(sockets)

    def _has_connections(self) -> bool:
        """Return whether connections are open, or were accepted and get their protocols later."""
        acceptors = [one for one in self.servers if isinstance(one, Acceptor)]
        is_passing_on = any(one.is_passing_on() for one in acceptors)
        return is_passing_on or bool(self.server_state.connections)
