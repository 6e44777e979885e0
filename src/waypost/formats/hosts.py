"""What stands for a host, and whether it is a name."""

from waypost.address import DomainName
from waypost.errors import DomainError
from waypost.placeholders import has_placeholder


def why_no_name(host: str) -> str | None:
    """Tell why a host cannot stand where only a name can, or give None.

    Args:
        host: of an endpoint: a name, an IP address, or what still holds a placeholder.
    """
    if has_placeholder(host):
        return "its host differs from user to user"
    try:
        DomainName.parse(host)
    except DomainError:
        return "its host is not a name"
    return None
