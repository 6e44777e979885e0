"""Hosts as texts, with or without a port: of the header Host, of a URL, or of a proxy."""

import ipaddress
import re
from typing import Final

# RFC 3986 s3.2.3: a port is digits; there may be none after the colon.
_PORT: Final = re.compile(r"(?::[0-9]*)?", flags=re.ASCII)


def is_loopback(host: str) -> bool:
    """Return whether an address or a Host value (with or without a port) is this machine."""
    name = host_without_port(host)
    if not _PORT.fullmatch(_after_name(host, name)):
        return False
    if name.lower().rstrip(".") == "localhost":
        return True
    address = parse_ip(name)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address is not None and address.is_loopback


def host_without_port(host: str) -> str:
    """Return a Host value without its port and the brackets of IPv6 (RFC 3986 s3.2.2)."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    if host.count(":") > 1:
        return host
    return host.partition(":")[0]


def parse_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, which may have a zone (RFC 4007 s11); None for any other text."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _after_name(host: str, name: str) -> str:
    """Return what follows the name and its brackets: the colon and the port, or nothing."""
    if host.startswith("["):
        _, bracket, rest = host.partition("]")
        return rest if bracket else host
    return host[len(name) :]
