"""Who makes a request, and what this principal may see and change."""

import enum
from dataclasses import dataclass
from typing import Literal

from waypost.core.errors import AccessForbidden
from waypost.core.model import DomainPattern, MatchKind

PrincipalKind = Literal["token", "person", "command"]


class Role(enum.StrEnum):
    """What a principal may do."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request. All rules of visibility are here.

    A principal without domains and without a provider sees and changes everything. All others are
    tenants. What a tenant must not see is answered like what does not exist, and a refused change
    is answered in the same way whether the object exists or not.

    Attributes:
        name: for the audit log.
        kind: how the principal signed in.
        role: whether the principal may change anything.
        domains: the patterns of the tenant's domains; empty for no limit.
        provider: the name of the tenant's provider; None for no limit.
        remote: the address that the request came from, or None.
        id: of the token or the session, because names are not unique; empty for a command.
    """

    name: str
    kind: PrincipalKind
    role: Role = Role.WRITE
    domains: tuple[DomainPattern, ...] = ()
    provider: str | None = None
    remote: str | None = None
    id: str = ""

    @property
    def is_tenant(self) -> bool:
        """Whether the principal is limited to some domains or to a provider."""
        return bool(self.domains) or self.provider is not None

    def covers(self, pattern: DomainPattern) -> bool:
        """Return whether a domain or a pattern is within the patterns of the principal."""
        return not self.domains or any(_covers(own, pattern) for own in self.domains)

    def sees_domain(self, pattern: DomainPattern, provider: str) -> bool:
        """Return whether the principal may see a domain.

        Args:
            pattern: the domain.
            provider: the name of its provider.
        """
        return self.covers(pattern) and self.provider in {None, provider}

    def check_write(self) -> None:
        """Refuse every change of a principal that may only read.

        Raises:
            AccessForbidden: the role is `read`.
        """
        if self.role is not Role.WRITE:
            raise AccessForbidden(f"{self.name} may only read")

    def check_everything(self, what: str) -> None:
        """Refuse a change that only a principal without limits may make.

        Args:
            what: the change, for the message.

        Raises:
            AccessForbidden: the principal may only read, or is a tenant.
        """
        self.check_write()
        if self.is_tenant:
            raise AccessForbidden(f"{self.name} may not {what}")

    def check_domain(self, pattern: DomainPattern, provider: str | None) -> None:
        """Refuse the change of a domain that does not belong to the principal.

        Args:
            pattern: the domain.
            provider: the name of its provider; None if the domain does not exist.

        Raises:
            AccessForbidden: the message is the same whether the domain exists or not.
        """
        self.check_write()
        refusal = AccessForbidden(f"{self.name} may not change {pattern}")
        if not self.covers(pattern):
            raise refusal
        if self.provider is None or self.provider == provider:
            return
        # Without patterns, a tenant that may create domains would learn which ones exist.
        if provider is not None or not self.domains:
            raise refusal


def _covers(own: DomainPattern, pattern: DomainPattern) -> bool:
    if own == pattern or own.kind is MatchKind.ANY:
        return True
    return own.kind is MatchKind.SUFFIX and pattern.text.endswith(own.text[1:])
