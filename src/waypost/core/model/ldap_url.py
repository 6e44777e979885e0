"""LDAP URLs of address books: host, port, search base and scope (RFC 4516)."""

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from waypost.core.model.directory import LdapScope

# RFC 4516 s2; `ldaps` is not in the RFC, but all clients support it.
LDAP_PORTS: Final = {"ldap": 389, "ldaps": 636}


@dataclass(frozen=True, slots=True)
class LdapUrl:
    """The parts of an LDAP URL.

    Attributes:
        host: a name or an address.
        port: 1 to 65535.
        is_tls: whether the connection begins with TLS.
        base: the distinguished name where a search begins; empty if the URL has none.
        scope: how deep the search goes.
        has_extras: whether the URL has attributes, a filter or extensions, which are not kept.
    """

    host: str
    port: int
    is_tls: bool
    base: str
    scope: LdapScope
    has_extras: bool = False

    @property
    def has_usual_port(self) -> bool:
        """Return whether the port is the default of the scheme."""
        return self.port == LDAP_PORTS["ldaps" if self.is_tls else "ldap"]

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parse a URL without placeholders.

        Raises:
            ValueError: the message completes "the URL ...".
        """
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        if scheme not in LDAP_PORTS or not parts.hostname:
            message = "must be an absolute URL that begins with ldaps:// or ldap://"
            raise ValueError(message)
        # attributes, scope, filter, extensions
        attributes, scope, *others = [*parts.query.split("?"), ""][:5]
        if scope.lower() not in {"", *LdapScope}:
            message = f"has an unknown scope; use one of {', '.join(LdapScope)} (RFC 4516 s2)"
            raise ValueError(message)
        return cls(
            parts.hostname,
            LDAP_PORTS[scheme] if parts.port is None else parts.port,
            scheme == "ldaps",
            unquote(parts.path[1:]),
            LdapScope(scope.lower() or LdapScope.BASE),  # RFC 4516 s3
            bool(attributes or any(others)),
        )
