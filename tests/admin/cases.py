"""Principals and objects for the tests of administration."""

from typing import Any

from waypost.admin.principal import Principal, Role
from waypost.core.model import DomainPattern

ROOT = Principal("root", "command")
READER = Principal("reader", "token", Role.READ)
IMAP = {"type": "imap", "host": "imap.example.com"}
SMTP = {"type": "smtp", "host": "smtp.example.com"}
INC = "Example Inc."


def served(**keys: Any) -> dict[str, Any]:
    """Return a domain of the sample provider with two services."""
    return {"provider": INC, "services": [IMAP, SMTP], **keys}


def tenant(*patterns: str, provider: str | None = None, role: Role = Role.WRITE) -> Principal:
    """Return a principal with limits."""
    domains = tuple(DomainPattern(pattern) for pattern in patterns)
    return Principal("tenant", "token", role, domains, provider)
