"""Who sends a request: the other end of a connection, and the client behind a proxy."""

from typing import Final, NamedTuple

from waypost.runtime.limits.shared_ratelimit import Cells
from waypost.runtime.lru import LruCache
from waypost.web.public.limits.client_limits import ClientLimits
from waypost.web.public.log_texts import peer_for_log
from waypost.web.public.origin.proxy import ProxyTrust

PEERS_MAX: Final = 2_000


class Peer(NamedTuple):
    """The other end of a connection.

    Attributes:
        address: None if it is not known, as at a Unix socket.
        for_log: as the log shows the address.
        depth: the position of the values of proxies that count, as `ProxyTrust.depth` returns it; 0
            if it is not a proxy whose headers count.
        network: the cells of the network that pays for its requests; None if none has to.
        counted_network: has a maximum of connections; None if it has none.
    """

    address: str | None
    for_log: str | None
    depth: int
    network: Cells | None = None
    counted_network: bytes | None = None


UNKNOWN_PEER: Final = Peer(None, None, 0)


class Peers:
    """What is known of the clients that asked last."""

    def __init__(self, trust: ProxyTrust, limits: ClientLimits) -> None:
        """Initialize without clients.

        Args:
            trust: the proxies whose headers are believed.
            limits: how much each client may ask.
        """
        self._trust = trust
        self._limits = limits
        self._connected: LruCache[str | None, Peer] = LruCache(PEERS_MAX)
        self._forwarded: LruCache[tuple[str | None, bytes], Peer] = LruCache(PEERS_MAX)

    def connected(self, address: str | None) -> Peer:
        """Return the other end of a connection, whose address is None at a Unix socket."""
        peer = self._connected.get(address)
        if peer is None:
            networks = self._limits.network(address), self._limits.connecting_network(address)
            depth = self._trust.depth(address, b"")
            peer = Peer(address, peer_for_log(address), depth, *networks)
            self._connected.put(address, peer)
        return peer

    def forwarded(self, peer: Peer, forwarded_for: bytes) -> Peer:
        """Return a client that a trusted proxy sends, with the address of the proxy.

        Args:
            peer: the proxy.
            forwarded_for: the value of X-Forwarded-For.
        """
        key = (peer.address, forwarded_for)
        client = self._forwarded.get(key)
        if client is None:
            headers = [(b"x-forwarded-for", forwarded_for)]
            client_address = self._trust.resolve(peer.address, "http", headers).peer
            for_log, network = peer_for_log(client_address), self._limits.network(client_address)
            depth = self._trust.depth(peer.address, forwarded_for)
            client = Peer(peer.address, for_log, depth, network)
            self._forwarded.put(key, client)
        return client
