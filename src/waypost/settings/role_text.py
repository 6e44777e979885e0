"""A role as a text of the settings: `write`, `read *.example.com`, `read provider Example Inc.`."""

from dataclasses import dataclass
from typing import Final, Literal

from waypost.core.model import DomainPattern

ROLES_MAX: Final = 1000
GROUP_MAX_CHARS: Final = 512
_PROVIDER: Final = "provider"


@dataclass(frozen=True, slots=True)
class RoleText:
    """What a group may do.

    Attributes:
        role: whether changes are allowed.
        domains: only domains that match one of these patterns; empty for all.
        provider: only domains of this provider; None for all.
    """

    role: Literal["read", "write"]
    domains: tuple[DomainPattern, ...] = ()
    provider: str | None = None


def parse_role_text(text: str) -> RoleText:
    """Parse a role: `read` or `write`, then patterns of domains, then `provider` and a name.

    Raises:
        ValueError: it is not a role.
    """
    role, _, rest = text.strip().partition(" ")
    words = rest.split()
    patterns = words[: words.index(_PROVIDER)] if _PROVIDER in words else words
    provider = " ".join(words[len(patterns) + 1 :]) or None
    if role not in {"read", "write"} or (len(patterns) < len(words) and provider is None):
        raise ValueError
    domains = tuple(DomainPattern.parse(pattern) for pattern in patterns)
    return RoleText("write" if role == "write" else "read", domains, provider)


def validate_roles(value: dict[str, str]) -> dict[str, str]:
    """Return roles by group, or raise ValueError."""
    if not 1 <= len(value) <= ROLES_MAX:
        raise ValueError
    for group, text in value.items():
        if not 1 <= len(group) <= GROUP_MAX_CHARS:
            raise ValueError
        parse_role_text(text)
    return value
