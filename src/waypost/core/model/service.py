"""Services: the ways to reach a mailbox, a calendar, an address book, …."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

EMAIL_ADDRESS: Final = "%EMAILADDRESS%"
DEFAULT_PRIORITY: Final = 10
"""automx2's `server.prio`; a smaller number is preferred."""


class ServiceType(enum.StrEnum):
    """The services of the draft's registry (s"Protocols"), spelled as in providers files.

    LDAP is not in the registry: it is an address book for searches, by a URL of RFC 4516.
    """

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    MANAGESIEVE = "managesieve"
    XMPP = "xmpp"
    JMAP = "jmap"
    EWS = "ews"
    ACTIVESYNC = "activesync"
    GRAPH = "graph"
    CALDAV = "caldav"
    CARDDAV = "carddav"
    WEBDAV = "webdav"
    LDAP = "ldap"
    MATRIX = "matrix"
    OPENTALK = "opentalk"


HOST_BASED: Final = frozenset(
    {
        ServiceType.IMAP,
        ServiceType.POP3,
        ServiceType.SMTP,
        ServiceType.MANAGESIEVE,
        ServiceType.XMPP,
    }
)
"""Types with a host and a port. Only XMPP may have a URL instead."""


INCOMING: Final = frozenset(
    {
        ServiceType.IMAP,
        ServiceType.POP3,
        ServiceType.JMAP,
        ServiceType.EWS,
        ServiceType.ACTIVESYNC,
        ServiceType.GRAPH,
    }
)
"""Types that receive mail; all except IMAP and POP3 send it as well."""
_FETCHED: Final = frozenset({ServiceType.IMAP, ServiceType.POP3})
MAIL_DIRECTIONS: Final = {ServiceType.IMAP: "incoming", ServiceType.SMTP: "outgoing"}
"""The usual types of the services that receive and send mail, and how messages name them."""


class Security(enum.StrEnum):
    """How a connection to a host and port is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class AuthenticationSystem(enum.StrEnum):
    """The registry of a method's name, if it is not in the draft's own list."""

    HTTP = "http"
    SASL = "sasl"


@dataclass(frozen=True, slots=True, order=True)
class Authentication:
    """An authentication method, as the draft names it.

    Attributes:
        method: exact spelling, for instance `password-cleartext`, `OAuth2`, `Basic`.
        system: None for the draft's own names.
    """

    method: str
    system: AuthenticationSystem | None = None

    def __str__(self) -> str:
        """Return the spelling of providers files: `OAuth2`, `http:Basic`, `sasl:SCRAM-SHA-256`."""
        return f"{self.system}:{self.method}" if self.system else self.method


PASSWORD_CLEARTEXT: Final = Authentication("password-cleartext")
PASSWORD_ENCRYPTED: Final = Authentication("password-encrypted")
NTLM: Final = Authentication("NTLM")
GSSAPI: Final = Authentication("GSSAPI")
TLS_CLIENT_CERT: Final = Authentication("TLS-client-cert")
OAUTH2: Final = Authentication("OAuth2")
CLIENT_IP_ADDRESS: Final = Authentication("client-IP-address")
NO_AUTHENTICATION: Final = Authentication("none")
DRAFT_METHODS: Final = (
    *(PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, NTLM, GSSAPI, TLS_CLIENT_CERT, OAUTH2),
    *(CLIENT_IP_ADDRESS, NO_AUTHENTICATION),
)
"""The methods of the draft's own list."""
HTTP_BASIC: Final = Authentication("Basic", AuthenticationSystem.HTTP)
HTTP_DIGEST: Final = Authentication("Digest", AuthenticationSystem.HTTP)


def with_general_name(methods: tuple[Authentication, ...]) -> tuple[Authentication, ...]:
    """Return the methods with `password-cleartext` after HTTP's Basic, unless they contain it.

    Mustang never matches `<authentication system="http">Basic</authentication>` and drops the
    section; Thunderbird does not offer EWS then. Both support `password-cleartext` (read in
    mustang-im/mustang 227ae5a, seen with Thunderbird 153.7).
    """
    if HTTP_BASIC not in methods or PASSWORD_CLEARTEXT in methods:
        return methods
    end = methods.index(HTTP_BASIC) + 1
    return (*methods[:end], PASSWORD_CLEARTEXT, *methods[end:])


def without_general_name(methods: tuple[Authentication, ...]) -> tuple[Authentication, ...]:
    """Return the methods without a `password-cleartext` that directly follows HTTP's Basic."""
    end = methods.index(HTTP_BASIC) + 1 if HTTP_BASIC in methods else len(methods)
    return methods[:end] + methods[end + (methods[end : end + 1] == (PASSWORD_CLEARTEXT,)) :]


@dataclass(frozen=True, slots=True, order=True)
class HostEndpoint:
    """The host and port of a host-based service.

    Attributes:
        host: an A-label name, or a template with placeholders that becomes one.
        port: 1 to 65535.
        security: how the connection is protected.
    """

    host: str
    port: int
    security: Security


@dataclass(frozen=True, slots=True, order=True)
class UrlEndpoint:
    """The URL of a URL-based service.

    Attributes:
        url: absolute, `https:` or `http:`, of LDAP `ldaps:` or `ldap:`, or a template with
            placeholders that becomes one.
    """

    url: str


def default_authentication(service_type: ServiceType, *, has_url: bool) -> Authentication:
    """Return the default method of a service."""
    return HTTP_BASIC if has_url and service_type is not ServiceType.LDAP else PASSWORD_CLEARTEXT


@dataclass(frozen=True, slots=True, order=True)
class Pop3Options:
    """Options for POP3 clients (the ISPDB's element `pop3`). An option that is not given is None.

    Attributes:
        leave_messages_on_server: do not delete messages after the download.
        days_to_leave_messages_on_server: delete them after this number of days.
        download_on_biff: download as soon as the client sees new mail.
    """

    leave_messages_on_server: bool | None = None
    days_to_leave_messages_on_server: int | None = None
    download_on_biff: bool | None = None


class Format(enum.StrEnum):
    """The discovery formats that can leave out a service, spelled as in providers files.

    `AUTODISCOVER` is all formats of Microsoft's clients: XML in both schemas, and JSON.
    `DNS` is SRV records and the redirects below `/.well-known/` that belong to them (RFC 6764 s6,
    RFC 8620 s2.2).
    """

    AUTOCONFIG = "autoconfig"
    AUTODISCOVER = "autodiscover"
    MOBILECONFIG = "mobileconfig"
    PACC = "pacc"
    DNS = "dns"


ALL_FORMATS: Final = frozenset(Format)
FORMATS_OF: Final[Mapping[ServiceType, frozenset[Format]]] = {
    ServiceType.IMAP: ALL_FORMATS,
    ServiceType.POP3: ALL_FORMATS,
    ServiceType.SMTP: ALL_FORMATS,
    ServiceType.MANAGESIEVE: frozenset({Format.AUTOCONFIG, Format.PACC, Format.DNS}),
    ServiceType.XMPP: frozenset({Format.AUTOCONFIG, Format.DNS}),
    ServiceType.JMAP: frozenset({Format.AUTOCONFIG, Format.PACC, Format.DNS}),
    ServiceType.EWS: frozenset({Format.AUTOCONFIG, Format.AUTODISCOVER}),
    ServiceType.ACTIVESYNC: frozenset(
        {Format.AUTOCONFIG, Format.AUTODISCOVER, Format.MOBILECONFIG}
    ),
    ServiceType.GRAPH: frozenset({Format.AUTOCONFIG}),
    ServiceType.CALDAV: ALL_FORMATS,
    ServiceType.CARDDAV: ALL_FORMATS,
    ServiceType.WEBDAV: frozenset({Format.AUTOCONFIG, Format.PACC}),
    ServiceType.LDAP: frozenset({Format.MOBILECONFIG}),
    ServiceType.MATRIX: frozenset({Format.AUTOCONFIG}),
    ServiceType.OPENTALK: frozenset({Format.AUTOCONFIG}),
}
"""The formats that can describe a service of a type."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service: one way to reach a mailbox, a calendar, an address book, ….

    Attributes:
        type: the protocol.
        endpoint: host-based or URL-based, as the type requires.
        authentication: the methods, the preferred one first; never empty.
        login_name: text or template; None if the client asks the user.
        priority: smaller is preferred; None if the operator did not set it.
        domain_required: the login name must contain the domain (Autodiscover's `DomainRequired`).
        pop3: of POP3 services only; None if there are no options.
        formats: the formats that describe the service; the others leave it out.
    """

    type: ServiceType
    endpoint: HostEndpoint | UrlEndpoint
    authentication: tuple[Authentication, ...]
    login_name: str | None = EMAIL_ADDRESS
    priority: int | None = None
    domain_required: bool = False
    pop3: Pop3Options | None = None
    formats: frozenset[Format] = ALL_FORMATS


def missing_mail_types(types: Iterable[ServiceType]) -> tuple[ServiceType, ...]:
    """Return the types of mail service that are missing, so that no client can set up an account.

    Args:
        types: of the services of a domain.

    Returns:
        IMAP if no service receives mail, and SMTP if none sends it.
    """
    known = frozenset(types)
    if known & (INCOMING - _FETCHED):
        return ()
    missing = [] if known & _FETCHED else [ServiceType.IMAP]
    missing += [] if ServiceType.SMTP in known else [ServiceType.SMTP]
    return tuple(missing)


def missing_mail_service(types: Iterable[ServiceType]) -> str | None:
    """Return which mail service is missing, as a text; None if none is.

    Args:
        types: of the services of a domain.
    """
    missing = [MAIL_DIRECTIONS[service_type] for service_type in missing_mail_types(types)]
    return f"no {' and no '.join(missing)} mail service" if missing else None
