"""Which clients count as one, and which clients have no limits."""

import ipaddress
from collections.abc import Iterable
from typing import Final, Literal

from waypost.runtime.limits.client_network import network_key, read_address
from waypost.runtime.lru import LruCache
from waypost.settings.limits import PRIVATE
from waypost.web.public.origin.proxy import IpNetwork

ADDRESSES_MAX: Final = 4_096
_ADDRESS_MAX_CHARS: Final = 64
PRIVATE_NETWORKS: Final = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
    *("100.64.0.0/10", "169.254.0.0/16"),  # RFC 6598, RFC 3927
    *("fc00::/7", "fe80::/10"),  # RFC 4193, RFC 4291 s2.5.6
)
"""The meaning of `private`."""
_EXEMPT: Final = b""


class ClientNetworks:
    """The networks of clients: an IPv4 address, or an IPv6 /64."""

    def __init__(self, exempt: Iterable[Literal["private"] | IpNetwork] = ()) -> None:
        """Initialize with the networks without limits. Loopback addresses never have limits."""
        networks: list[IpNetwork] = []
        for one in exempt:
            if one == PRIVATE:
                networks += [ipaddress.ip_network(text) for text in PRIVATE_NETWORKS]
            else:
                networks.append(one)
        self._exempt = tuple(networks)
        self._known: LruCache[str, bytes] = LruCache(ADDRESSES_MAX)

    def find(self, address: str | None) -> bytes | None:
        """Return the key of the network of a client; None if it has no limits.

        A text that is no IP address has no limits: a client at a Unix socket has no address, and a
        trusted proxy may send `unknown` (RFC 7239 s6.2).
        """
        if address is None or len(address) > _ADDRESS_MAX_CHARS:
            return None
        network = self._known.get(address)
        if network is None:
            network = self._key(address)
            self._known.put(address, network)
        return network or None

    def _key(self, text: str) -> bytes:
        address = read_address(text)
        if address is None or address.is_loopback:
            return _EXEMPT
        is_exempt = any(address in network for network in self._exempt)
        return _EXEMPT if is_exempt else network_key(address)
