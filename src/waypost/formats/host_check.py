"""Check whether the host of a service is a host name."""

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.placeholders import has_placeholder


def host_name_problem(host: str) -> str | None:
    """Return why a host is not usable as a host name, or None if it is one.

    Args:
        host: the host of an endpoint: a name, an IP address, or a text with a placeholder.
    """
    if has_placeholder(host):
        return "its host differs from user to user"
    try:
        DomainName.parse(host)
    except DomainError:
        return "its host is not a name"
    return None
