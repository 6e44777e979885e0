"""Which clients count as one: those of an IPv4 address, or of an IPv6 /64."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from typing import Final

IPV6_PREFIX_BYTES: Final = 8
"""An IPv6 customer has at least a /64, and may use each of its addresses (RFC 6177 s2)."""


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an IP address without its zone, a mapped one as IPv4; None for other text."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_key(address: IPv4Address | IPv6Address) -> bytes:
    """Return the bytes that all clients of the network of an address have in common."""
    return address.packed[:IPV6_PREFIX_BYTES]


def client_key(text: str | None) -> bytes:
    """Return the key of the client with an address: its network, or the text itself.

    Args:
        text: the address; None for a client at a Unix socket.
    """
    address = None if text is None else read_address(text)
    return (text or "").encode() if address is None else network_key(address)
