"""Short functions that create values for tests."""

from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import (
    HTTP_BASIC,
    PASSWORD_CLEARTEXT,
    Authentication,
    Domain,
    DomainPattern,
    HostEndpoint,
    Provider,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)

EXAMPLE_COM = DomainName("example.com")
ALICE = EmailAddress("alice", EXAMPLE_COM)
PROVIDER = Provider("Example Inc.", "Example")

DEFAULT_PORTS = {"imap": 993, "pop3": 995, "smtp": 465, "managesieve": 4190, "xmpp": 5223}


def host_service(
    kind: str = "imap",
    host: str = "imap.example.com",
    port: int | None = None,
    security: str = "tls",
    *,
    authentication: tuple[Authentication, ...] = (PASSWORD_CLEARTEXT,),
    login_name: str | None = "%EMAILADDRESS%",
    priority: int | None = None,
) -> Service:
    """Return a host-based service."""
    endpoint = HostEndpoint(host, port or DEFAULT_PORTS[kind], Security(security))
    return Service(ServiceType(kind), endpoint, authentication, login_name, priority)


def url_service(
    kind: str = "caldav",
    url: str = "https://dav.example.com/%EMAILADDRESS%/",
    *,
    authentication: tuple[Authentication, ...] = (HTTP_BASIC,),
    priority: int | None = None,
) -> Service:
    """Return a URL-based service."""
    return Service(ServiceType(kind), UrlEndpoint(url), authentication, "%EMAILADDRESS%", priority)


def domain(pattern: str = "example.com", *services: Service) -> Domain:
    """Return the entry of a domain, with IMAP and SMTP if no service is given."""
    default = (host_service(), host_service("smtp", "smtp.example.com"))
    return Domain(DomainPattern.parse(pattern), PROVIDER, services or default)
