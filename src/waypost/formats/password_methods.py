"""Check which authentication methods need only a password."""

from typing import Final

from waypost.core.model import (
    HTTP_BASIC,
    HTTP_DIGEST,
    NTLM,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    Authentication,
    AuthenticationSystem,
    Service,
)

_PASSWORDS: Final = frozenset(
    {PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, NTLM, HTTP_BASIC, HTTP_DIGEST}
)
_SASL_PASSWORDS: Final = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-")


def accepts_password(service: Service) -> bool:
    """Return whether a user can log in with only a password."""
    return any(_is_password(method) for method in service.authentication)


def _is_password(method: Authentication) -> bool:
    if method.system is AuthenticationSystem.SASL:
        return method.method.startswith(_SASL_PASSWORDS)
    return method in _PASSWORDS
