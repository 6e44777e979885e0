"""The host names that clients accept if they check them before they connect."""

from ipaddress import ip_address

from waypost.core.address import DomainName
from waypost.core.errors import DomainError


def is_host(text: str) -> bool:
    """Return whether a text is a host name in A-labels, without any change."""
    try:
        return text.isascii() and DomainName.parse(text).ascii == text.lower()
    except DomainError:
        return False


def is_host_or_ip(text: str) -> bool:
    """Return whether a text is a host name in A-labels, or an IP address."""
    try:
        return bool(ip_address(text))
    except ValueError:
        return is_host(text)
