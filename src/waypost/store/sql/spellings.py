"""The spellings of domain names in the database."""

from waypost.core.address import DomainName
from waypost.core.model import DomainPattern


def spellings(pattern: DomainPattern) -> tuple[str, str]:
    """Return the two spellings of a pattern in the database: with A-labels and with U-labels."""
    prefix = "*." if pattern.text.startswith("*.") else ""
    name = pattern.text.removeprefix("*.")
    return pattern.text, prefix + (name if name == "*" else DomainName(name).unicode)
