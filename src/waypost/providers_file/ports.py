"""The port of each protection, and the protection of each port.

RFC 8314 s3, RFC 5804, RFC 7590.
"""

from typing import Final

from waypost.core.model import HostEndpoint, Security, ServiceType

PORT_MAX: Final = 65535

_PORTS: Final = {
    (ServiceType.IMAP, Security.TLS): 993,
    (ServiceType.IMAP, Security.STARTTLS): 143,
    (ServiceType.IMAP, Security.NONE): 143,
    (ServiceType.POP3, Security.TLS): 995,
    (ServiceType.POP3, Security.STARTTLS): 110,
    (ServiceType.POP3, Security.NONE): 110,
    (ServiceType.SMTP, Security.TLS): 465,
    (ServiceType.SMTP, Security.STARTTLS): 587,
    (ServiceType.SMTP, Security.NONE): 587,
    (ServiceType.MANAGESIEVE, Security.TLS): 4190,
    (ServiceType.MANAGESIEVE, Security.STARTTLS): 4190,
    (ServiceType.MANAGESIEVE, Security.NONE): 4190,
    (ServiceType.XMPP, Security.TLS): 5223,
    (ServiceType.XMPP, Security.STARTTLS): 5222,
    (ServiceType.XMPP, Security.NONE): 5222,
}
# The protection that a port alone implies.
_SECURITIES: Final = {
    993: Security.TLS,
    995: Security.TLS,
    465: Security.TLS,
    5223: Security.TLS,
    143: Security.STARTTLS,
    110: Security.STARTTLS,
    587: Security.STARTTLS,
    25: Security.STARTTLS,
    4190: Security.STARTTLS,
    5222: Security.STARTTLS,
}
# RFC 8314 s3.1, s3.2: servers use only implicit TLS on these ports.
_ONLY_TLS: Final = frozenset({993, 995})
# RFC 8314 s3.3, RFC 2595, RFC 6409 s3.1: each port is for one of the two, but some servers do the
# other: a provider in the ISPDB uses implicit TLS on 587.
_USUALLY_TLS: Final = frozenset({465})
_USUALLY_NOT_TLS: Final = frozenset({25, 110, 143, 587})
_STARTTLS_FIRST: Final = frozenset({ServiceType.MANAGESIEVE, ServiceType.XMPP})


def default_security(service_type: ServiceType, port: int | None) -> Security | None:
    """Return the protection that a port implies, or that of a service type without a port.

    Returns:
        None if the port does not imply a protection.
    """
    if port is not None:
        return _SECURITIES.get(port)
    return Security.STARTTLS if service_type in _STARTTLS_FIRST else Security.TLS


def default_port(service_type: ServiceType, security: Security) -> int:
    """Return the default port of a service with a host and this protection."""
    return _PORTS[service_type, security]


def contradiction(port: int, security: Security) -> str | None:
    """Return why no server can offer this protection on this port; None if one can."""
    if port in _ONLY_TLS and security is not Security.TLS:
        return f'port {port} starts with TLS: set security = "tls", or use another port'
    return None


def unusual_security(port: int, security: Security) -> str | None:
    """Return why this protection is unusual on this port; None if it is not."""
    if port in _USUALLY_TLS and security is not Security.TLS:
        return f"port {port} usually starts with TLS; check that {security} is right"
    if port in _USUALLY_NOT_TLS and security is Security.TLS:
        return f"port {port} usually starts without TLS; check that tls is right"
    return None


def corrected_security(port: int, security: Security) -> tuple[Security, str | None]:
    """Return the protection of an imported service; a contradiction must not remove the service.

    Returns:
        The protection that a server can offer on the port, and a warning or None.
    """
    if contradiction(port, security) is not None:
        return Security.TLS, f"port {port} starts with TLS, so {security} became tls"
    return security, unusual_security(port, security)


def needed_keys(service_type: ServiceType, endpoint: HostEndpoint) -> tuple[bool, bool]:
    """Return whether the port and the security must be written, or follow from other keys."""
    security = default_security(service_type, None)
    if endpoint.security is security and endpoint.port == default_port(service_type, security):
        return False, False
    return True, default_security(service_type, endpoint.port) is not endpoint.security
