"""The maximum number of connections of a listener, and which one to close above it."""

import asyncio
import ipaddress
import resource
import socket
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from waypost.runtime.log_throttle import LogThrottle
from waypost.runtime.metrics import Metrics

MAX_CONNECTIONS: Final = 1000
"""How many clients a worker serves at the same time, if it may open enough files."""
RESERVED_DESCRIPTORS: Final = 96
"""File descriptors reserved for databases, directories, files and the other listeners."""
RECEIVE_BUFFER_BYTES: Final = 64 * 1024
"""How much the system receives for a connection that does not read (Linux doubles the value)."""
SEND_BUFFER_BYTES: Final = 32 * 1024
"""How much the system buffers for a client that does not read; without a limit, some megabytes.

Waypost renders answers for this buffer even if the client never reads them. Most answers are
shorter.
"""


class LimitedConnection(Protocol):
    """What the limit needs of a connection."""

    def abort(self) -> None:
        """Close at once."""
        ...


class PipelineQueue:
    """A queue that lets one connection at a time continue with a pipelined request.

    New connections are accepted in each round of the event loop. If each of many connections had a
    request answered in each round, new clients would wait for all of them.
    """

    def __init__(self) -> None:
        """Create an empty queue."""
        self._queue: deque[Callable[[], None]] = deque()

    def schedule(self, callback: Callable[[], None]) -> None:
        """Call a function in a later round of the running event loop, in the order of the calls."""
        self._queue.append(callback)
        if len(self._queue) == 1:
            asyncio.get_running_loop().call_soon(self._run_next)

    def _run_next(self) -> None:
        callback = self._queue.popleft()
        if self._queue:
            asyncio.get_running_loop().call_soon(self._run_next)
        callback()


class ConnectionLimit:
    """A limit that closes the connection that has waited longest for its client.

    A connection that waits has no request that could be answered now: it is idle, its request or
    its body is incomplete, or its client does not read the answer. If all connections are busy,
    the newest one is closed.

    Attributes:
        pipeline_queue: decides which connection continues with a pipelined request.
    """

    def __init__(self, max_connections: int, max_per_network: int = 0) -> None:
        """Create a limit without connections.

        Args:
            max_connections: the maximum number of connections.
            max_per_network: the maximum for each client network; 0 for no other maximum.
        """
        self.pipeline_queue = PipelineQueue()
        self._max_connections = max_connections
        self._max_per_network = max_per_network
        self._networks: dict[LimitedConnection, bytes] = {}
        self._numbers: dict[bytes, int] = {}  # of the open connections of a network
        self._open: set[LimitedConnection] = set()
        self._waiting: dict[LimitedConnection, None] = {}  # first: the one that has waited longest
        self._throttle = LogThrottle()
        self._network_throttle = LogThrottle()
        self._on_close: Callable[[], None] = _ignore
        self._on_close_of_network: Callable[[], None] = _ignore

    def report_to(self, metrics: Metrics) -> None:
        """Show the number of connections in the metrics, and count those that are closed."""
        metrics.watch_connections(self._count, self._max_connections)
        self._on_close = metrics.connection_closed
        self._on_close_of_network = metrics.network_connection_closed

    def _count(self) -> int:
        return len(self._open)

    def add(self, connection: LimitedConnection, network: bytes | None = None) -> None:
        """Add a connection; close one if there are too many.

        Args:
            connection: the new one.
            network: of its client, as the first 4 or 8 bytes of an IPv4 or IPv6 address; None if
                only the number of all connections is limited.
        """
        self._open.add(connection)
        self._waiting[connection] = None
        if network is not None and self._max_per_network:
            self._networks[connection] = network
            self._numbers[network] = self._numbers.get(network, 0) + 1
            if self._numbers[network] > self._max_per_network:
                self._warn_of(network)
                self._on_close_of_network()
                self._close(self._longest_waiting_of(network))
                return
        if len(self._open) > self._max_connections:
            longest_waiting = next(iter(self._waiting))
            self._warn()
            self._on_close()
            self._close(longest_waiting)

    def remove(self, connection: LimitedConnection) -> None:
        """Remove a connection. A second call does nothing."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)
        network = self._networks.pop(connection, None)
        if network is None:
            return
        self._numbers[network] -= 1
        if not self._numbers[network]:
            del self._numbers[network]

    @property
    def counts_networks(self) -> bool:
        """Whether a network has an open connection that is counted."""
        return bool(self._numbers or self._networks)

    def _close(self, connection: LimitedConnection) -> None:
        self.remove(connection)
        connection.abort()

    def _longest_waiting_of(self, network: bytes) -> LimitedConnection:
        """Return the connection of a network that has waited longest; the new one waits, too."""
        return next(one for one in self._waiting if self._networks.get(one) == network)

    def mark_waiting(self, connection: LimitedConnection) -> None:
        """Mark a connection as waiting for its client."""
        if connection in self._open:
            self._waiting.pop(connection, None)
            self._waiting[connection] = None

    def mark_busy(self, connection: LimitedConnection) -> None:
        """Mark a connection as busy: a complete request is being answered."""
        self._waiting.pop(connection, None)

    def _warn(self) -> None:
        if self._throttle.should_log():
            structlog.get_logger(__name__).warning(
                "too many connections; closing those that have waited longest for their client; "
                "to allow more, raise the limit of open files (LimitNOFILE) or add workers",
                limit=self._max_connections,
            )

    def _warn_of(self, network: bytes) -> None:
        if self._network_throttle.should_log():
            structlog.get_logger(__name__).warning(
                "a client network has reached max_connections_per_network; closing its connections "
                "that have waited longest; if it is your web server, set trusted_proxies, and if "
                "it is your own network, add it to rate_limit_exempt",
                network=_network_text(network),
                limit=self._max_per_network,
            )


def _network_text(network: bytes) -> str:
    if len(network) == ipaddress.IPV4LENGTH // 8:
        return f"{ipaddress.IPv4Address(network)}"
    return f"{ipaddress.IPv6Network((network.ljust(16, bytes(1)), 8 * len(network)))}"


def _ignore() -> None:
    """Count nothing: this listener has no metrics."""


def max_connections_by_open_files(max_connections: int = MAX_CONNECTIONS) -> int:
    """Return how many connections this process can hold with its limit of open files."""
    max_descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if max_descriptors == resource.RLIM_INFINITY:
        return max_connections
    return max(
        1, min(max_connections, max(max_descriptors - RESERVED_DESCRIPTORS, max_descriptors // 2))
    )


def limit_socket_buffers(listener: socket.socket) -> None:
    """Limit the system's buffers for each TCP connection that a socket will accept (tcp(7))."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
