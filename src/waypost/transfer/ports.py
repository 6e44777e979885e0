"""Which port means which protection, and the other way round (RFC 8314 s3, RFC 5804, RFC 7590)."""

from typing import Final

from waypost.model import HostEndpoint, Security, ServiceType

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
# What a port alone says about the protection.
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
_ONLY_TLS: Final = frozenset({993, 995, 465})
_NEVER_TLS: Final = frozenset({143, 110, 587})
_STARTTLS_FIRST: Final = frozenset({ServiceType.MANAGESIEVE, ServiceType.XMPP})


def default_security(service_type: ServiceType, port: int | None) -> Security | None:
    """Give the protection that a port means, or a service type without a port.

    Returns:
        None where the port says nothing about it.
    """
    if port is not None:
        return _SECURITIES.get(port)
    return Security.STARTTLS if service_type in _STARTTLS_FIRST else Security.TLS


def default_port(service_type: ServiceType, security: Security) -> int:
    """Give the port of a host-based service with this protection."""
    return _PORTS[service_type, security]


def contradiction(port: int, security: Security) -> str | None:
    """Tell why port and protection cannot both be meant, or give None."""
    # RFC 8314 s3.1 to s3.3: these ports begin with TLS; RFC 2595 and RFC 6409: these never do.
    if port in _ONLY_TLS and security is not Security.TLS:
        return f'port {port} begins with TLS: write security = "tls", or another port'
    if port in _NEVER_TLS and security is Security.TLS:
        return f'port {port} begins without TLS: write security = "starttls", or another port'
    return None


def needed_keys(service_type: ServiceType, endpoint: HostEndpoint) -> tuple[bool, bool]:
    """Tell whether port and security must be written, or follow from the rest."""
    security = default_security(service_type, None)
    if endpoint.security is security and endpoint.port == default_port(service_type, security):
        return False, False
    return True, default_security(service_type, endpoint.port) is not endpoint.security
