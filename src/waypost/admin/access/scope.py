"""What a token or a person may read or change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waypost.admin.principal import Principal, PrincipalKind, Role
from waypost.core.model import DomainPattern


@dataclass(frozen=True, slots=True)
class AccessScope:
    """The part of the configuration that a principal may read or change.

    Attributes:
        role: whether changes are allowed.
        domains: only domains that match one of these patterns; empty for all.
        provider: only domains of this provider; None for all.
    """

    role: Role
    domains: tuple[DomainPattern, ...] = ()
    provider: str | None = None

    @property
    def is_limited(self) -> bool:
        """Return whether the scope leaves something out."""
        return bool(self.domains) or self.provider is not None

    def principal(
        self,
        name: str,
        kind: PrincipalKind,
        remote: str | None,
        access_id: str = "",
    ) -> Principal:
        """Return a principal with this scope.

        Args:
            name: for the audit log.
            kind: how the principal signed in.
            remote: the address of the request, or None.
            access_id: of the token or the session.
        """
        return Principal(name, kind, self.role, self.domains, self.provider, remote, access_id)


def scope_columns(scope: AccessScope) -> dict[str, Any]:
    """Return the columns of a scope, which the tables have in common."""
    patterns = [pattern.text for pattern in scope.domains]
    return {
        "role": scope.role.value,
        "domains": json.dumps(patterns) if patterns else None,
        "provider": scope.provider,
    }


def read_scope(row: Mapping[Any, Any]) -> AccessScope:
    """Return the scope of a row."""
    patterns = [] if row["domains"] is None else json.loads(row["domains"])
    domains = tuple(DomainPattern(text) for text in patterns)
    return AccessScope(Role(row["role"]), domains, row["provider"])
