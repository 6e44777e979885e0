"""Principals and objects for the tests of administration."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waypost.admin.facade import Admin
from waypost.admin.principal import Principal, Role
from waypost.admin.source import AdminSource
from waypost.core.model import DomainPattern
from waypost.database.engine import open_engine
from waypost.settings import Settings

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


@contextmanager
def open_admin(path: Path) -> Iterator[Admin]:
    """Yield the use cases of the providers in a SQLite file."""
    engine = open_engine(f"sqlite:///{path}")
    yield Admin(AdminSource(Settings(db_uri=f"sqlite:///{path}"), engine), ROOT)
    engine.dispose()
