"""Public and private IP addresses."""

import ipaddress
from typing import Final

_IPv4 = ipaddress.IPv4Address
_IPv6 = ipaddress.IPv6Address
# Prefixes whose addresses have an IPv4 address, their real target, in the last 32 bits.
_EMBEDDING: Final = (
    ipaddress.ip_network("::ffff:0:0/96"),  # RFC 4291 s2.5.5.2: IPv4-mapped
    ipaddress.ip_network("64:ff9b::/96"),  # RFC 6052 s2.1: NAT64
)
# RFC 4291 s2.5.5.1: IPv4-compatible (deprecated), the loopback and the unspecified address.
_COMPATIBLE: Final = ipaddress.ip_network("::/96")
# RFC 4380 s4: Teredo, which tunnels to an IPv4 address and a port that are in the address.
_TEREDO: Final = ipaddress.ip_network("2001::/32")
# RFC 5214 s6.1: the interface identifiers of ISATAP, before an IPv4 address.
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
# Special addresses in IANA's registries that older versions of Python treat as public.
_SPECIAL: Final = (
    ipaddress.ip_network("192.0.0.0/24"),  # RFC 6890 s2.1
    ipaddress.ip_network("64:ff9b:1::/48"),  # RFC 8215: NAT64 inside of a network
    ipaddress.ip_network("3fff::/20"),  # RFC 9637: documentation
    ipaddress.ip_network("5f00::/16"),  # RFC 9602: segment identifiers
)


def is_public(text: str) -> bool:
    """Return whether all machines on the internet can reach an IP address.

    Loopback, link-local, private, shared, reserved, multicast and documentation addresses are not
    public, nor is an IPv6 address that embeds one of those.

    Raises:
        ValueError: the text is not an IP address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, _IPv6):
        if address in _COMPATIBLE or address in _TEREDO:
            return False
        embedded = _embedded(address)
        if embedded is not None:
            return _is_public(embedded)
    return _is_public(address)


def _is_public(address: _IPv4 | _IPv6) -> bool:
    if any(address in network for network in _SPECIAL):
        return False
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified
    is_old_site = isinstance(address, _IPv6) and address.is_site_local
    return address.is_global and not is_special and not is_old_site


def _embedded(address: _IPv6) -> _IPv4 | None:
    """Return the IPv4 address that is the real target of an IPv6 address, if any."""
    number = int(address)
    if any(address in network for network in _EMBEDDING):
        return _IPv4(number & 0xFFFF_FFFF)
    if address.sixtofour is not None:  # RFC 3056 s2
        return address.sixtofour
    if (number >> 32) & 0xFFFF_FFFF in _ISATAP:
        return _IPv4(number & 0xFFFF_FFFF)
    return None
