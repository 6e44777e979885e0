"""How the names of domains stand in the database."""

from waypost.address import DomainName
from waypost.model import DomainPattern


def spellings(pattern: DomainPattern) -> tuple[str, str]:
    """Return what may stand in the database for a pattern: A-labels, and U-labels."""
    prefix = "*." if pattern.text.startswith("*.") else ""
    name = pattern.text.removeprefix("*.")
    return pattern.text, prefix + (name if name == "*" else DomainName(name).unicode)
