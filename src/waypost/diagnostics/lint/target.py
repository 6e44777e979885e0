"""The services of a domain, as the linter checks them."""

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from waypost.core.model import (
    EMAIL_ADDRESS,
    INCOMING,
    Format,
    HostEndpoint,
    Provider,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)

RETRIEVAL_TYPES: Final = (ServiceType.IMAP, ServiceType.POP3)
MAIL_TYPES: Final = (*RETRIEVAL_TYPES, ServiceType.SMTP)
DIRECTIONS: Final = (RETRIEVAL_TYPES, (ServiceType.SMTP,))
"""The types for fetching mail, and those for sending mail."""
SELF_SUFFICIENT: Final = INCOMING - {*RETRIEVAL_TYPES}
"""The types that fetch mail and also send it."""
_WHOLE_ADDRESSES: Final = frozenset({EMAIL_ADDRESS, "%EMAILLOCALPART%@%EMAILDOMAIN%"})
_TLS_PORTS: Final = {ServiceType.IMAP: 993, ServiceType.POP3: 995, ServiceType.SMTP: 465}


@dataclass(frozen=True, slots=True)
class LintTarget:
    """What the linter checks.

    Attributes:
        provider: None if its names are not checked.
        services: in the order of preference.
        defaulted_attributes: the attributes of users that have a default.
        has_directory: users are looked up in a directory.
    """

    provider: Provider | None
    services: tuple[Service, ...]
    defaulted_attributes: frozenset[str] = frozenset()
    has_directory: bool = False

    def for_format(self, format_: Format) -> "LintTarget":
        """Return the target without the services that are excluded from a format."""
        if all(format_ in service.formats for service in self.services):
            return self
        return replace(
            self,
            services=tuple(service for service in self.services if format_ in service.formats),
        )

    def of_types(self, *types: ServiceType) -> tuple[Service, ...]:
        """Return the services of these types."""
        return tuple(service for service in self.services if service.type in types)

    def has(self, *types: ServiceType) -> bool:
        """Return whether there is a service of one of these types."""
        return any(service.type in types for service in self.services)


def host_or_url(service: Service) -> str:
    """Return the host, or the whole URL."""
    endpoint = service.endpoint
    return endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host


def host_of(service: Service) -> str:
    """Return the host of a service or of its URL. The host may contain placeholders."""
    if isinstance(service.endpoint, HostEndpoint):
        return service.endpoint.host
    try:
        return urlsplit(service.endpoint.url).hostname or ""
    except ValueError:
        return ""


def scheme(service: Service) -> str:
    """Return the scheme of a URL; empty for a host."""
    if isinstance(service.endpoint, HostEndpoint):
        return ""
    return service.endpoint.url.partition(":")[0].lower()


def has_port(service: Service) -> bool:
    """Return whether a URL contains a port."""
    authority = host_or_url(service).partition("://")[2].partition("/")[0].partition("?")[0]
    return ":" in authority.rpartition("]")[2]


def security(service: Service) -> Security | None:
    """Return how a host is protected; None for a URL."""
    endpoint = service.endpoint
    return endpoint.security if isinstance(endpoint, HostEndpoint) else None


def port_of(service: Service) -> int | None:
    """Return the port of a host; None for a URL."""
    endpoint = service.endpoint
    return endpoint.port if isinstance(endpoint, HostEndpoint) else None


def with_tls(services: tuple[Service, ...]) -> tuple[Service, ...]:
    """Return the services that use TLS from the start."""
    return tuple(service for service in services if security(service) is Security.TLS)


def on_tls_port(service: Service) -> bool:
    """Return whether a service is on the port that is registered for TLS (RFC 8314 s7)."""
    return port_of(service) == _TLS_PORTS.get(service.type)


def login_name_is_address(service: Service) -> bool:
    """Return whether the login name is the whole address."""
    return (service.login_name or "").upper() in _WHOLE_ADDRESSES


def is_ip_address(host: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def describe_service(service: Service) -> str:
    """Return a short text for a service: `imap imap.example.com:143 starttls`."""
    endpoint = service.endpoint
    if isinstance(endpoint, UrlEndpoint):
        return f"{service.type} {endpoint.url}"
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{service.type} {host}:{endpoint.port} {endpoint.security}"
