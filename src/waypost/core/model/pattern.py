"""Patterns of domains: one domain, all below a domain, or all."""

import enum
from dataclasses import dataclass
from typing import Self

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.text_rules import trimmed


class MatchKind(enum.Enum):
    """How a pattern matches; the first one has precedence."""

    EXACT = "exact"
    SUFFIX = "suffix"
    ANY = "any"


@dataclass(frozen=True, slots=True, order=True)
class DomainPattern:
    """A pattern that selects the domains of an entry: `example.com`, `*.example.com` or `*`.

    Attributes:
        text: the pattern in lower case and A-labels.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a pattern in any case, with U-labels or A-labels.

        Raises:
            DomainError: the message names the rule that `text` breaks.
        """
        stripped = trimmed(text)
        if stripped == "*":
            return cls("*")
        if stripped.startswith("*."):
            return cls(f"*.{DomainName.parse(stripped[2:]).ascii}")
        if "*" in stripped:
            raise DomainError("a * must be alone or before the first dot, as in *.example.com")
        return cls(DomainName.parse(stripped).ascii)

    @property
    def kind(self) -> MatchKind:
        """The kind of match."""
        if self.text == "*":
            return MatchKind.ANY
        return MatchKind.SUFFIX if self.text.startswith("*.") else MatchKind.EXACT

    def __str__(self) -> str:
        """Return the pattern as written in providers files and in the database."""
        return self.text


def candidates(domain: DomainName) -> tuple[DomainPattern, ...]:
    """Return the patterns that match a domain, in the order of precedence.

    Exact, then `*.suffix` from the longest to the shortest, then `*`. `*.example.com` does not
    match `example.com` itself, as in DNS (RFC 4592 s2.2) and in certificates.
    """
    suffixes = [DomainPattern(f"*.{parent.ascii}") for parent in domain.parents()]
    return (DomainPattern(domain.ascii), *suffixes, DomainPattern("*"))
