"""The content of a server's certificate as text, even if the certificate is not accepted."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from waypost.directory.ldap.connect import open_tls
from waypost.directory.ldap.errors import LdapFailure
from waypost.directory.ldap.options import LdapEndpoint
from waypost.directory.ldap.transport import connect, resolve
from waypost.net.deadline import Deadline

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the standard library has no name for.
_NO_CHECK_TIME: Final = 0x200000


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate.

    Attributes:
        names: the host names and addresses that it is valid for.
        issuer: the authority's common name, or its whole name.
        not_after: the end of its validity.
        days_left: whole days until then; negative if it has expired.
    """

    names: tuple[str, ...]
    issuer: str
    not_after: datetime
    days_left: int

    @property
    def details(self) -> dict[str, object]:
        """Return the content for scripts."""
        return {
            "names": list(self.names),
            "issuer": self.issuer,
            "not_after": self.not_after.isoformat(),
            "days_left": self.days_left,
        }

    def __str__(self) -> str:
        """Return the content as text for people."""
        names = ", ".join(self.names) or "no name"
        days = f"{self.days_left} days left" if self.days_left >= 0 else "expired"
        return (
            f"certificate for {names}, from {self.issuer}, until {self.not_after:%Y-%m-%d} ({days})"
        )


def certificate_of(tls_socket: ssl.SSLSocket) -> Certificate | None:
    """Return the certificate of a connection, or None if it was not verified."""
    peer_certificate: dict[str, Any] | None = tls_socket.getpeercert()
    if not peer_certificate:
        return None
    not_after = datetime.fromtimestamp(ssl.cert_time_to_seconds(peer_certificate["notAfter"]), UTC)
    return Certificate(
        names=tuple(value for _, value in peer_certificate.get("subjectAltName", ())),
        issuer=_issuer(peer_certificate.get("issuer", ())),
        not_after=not_after,
        days_left=(not_after - datetime.now(UTC)).days,
    )


def inspect_certificate(server: LdapEndpoint, deadline: Deadline) -> Certificate | None:
    """Return the certificate of an untrusted server, with separate connections.

    The standard library decodes only certificates that it has verified. So the first connection
    fetches the certificate, and the second one trusts only this certificate. No LDAP request is
    sent over them, except for StartTLS.
    """
    try:
        with _open_tls_connection(_context(), server, deadline) as tls_socket:
            data = tls_socket.getpeercert(binary_form=True)
        if data is None:
            return None
        context = _context()
        context.load_verify_locations(cadata=data)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
        with _open_tls_connection(context, server, deadline) as tls_socket:
            return certificate_of(tls_socket)
    except (LdapFailure, OSError):
        return None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _open_tls_connection(
    context: ssl.SSLContext, server: LdapEndpoint, deadline: Deadline
) -> ssl.SSLSocket:
    return open_tls(context, server, connect(server, resolve(server, deadline), deadline), deadline)


def _issuer(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    parts = dict(_parts(name))
    return parts.get("commonName") or ", ".join(parts.values()) or "an issuer without a name"


def _parts(name: tuple[tuple[tuple[str, str], ...], ...]) -> Iterator[tuple[str, str]]:
    for name_part in name:
        yield from name_part
