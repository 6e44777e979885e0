"""What Waypost knows about a provider's services, as immutable values.

The words are those of draft-ietf-mailmaint-autoconfig-06, except that *security* (`tls`,
`starttls`, `none`) stands for what the draft's documents call `socketType`.
Everything here is plain data: `placeholders` expands it, `preference` orders it, `formats` write
it.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from waypost.address import DomainName, EmailAddress
from waypost.errors import DomainError

EMAIL_ADDRESS: Final = "%EMAILADDRESS%"
DEFAULT_PRIORITY: Final = 10
"""automx2's `server.prio`; a smaller number is preferred."""


class ServiceType(enum.StrEnum):
    """The services of the draft's registry (s"Protocols"), spelled as in providers files."""

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
"""Types found by host and port. XMPP is the one type that may also have a URL."""


class Security(enum.StrEnum):
    """How a connection to a host and port is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class AuthenticationSystem(enum.StrEnum):
    """Which registry the name of a method comes from, where it is not the draft's own list."""

    HTTP = "http"
    SASL = "sasl"


@dataclass(frozen=True, slots=True, order=True)
class Authentication:
    """One authentication method, as the draft names it.

    Attributes:
        method: exact spelling, for instance `password-cleartext`, `OAuth2`, `Basic`.
        system: None for the draft's own names.
    """

    method: str
    system: AuthenticationSystem | None = None

    def __str__(self) -> str:
        """Give the spelling of providers files: `OAuth2`, `http:Basic`, `sasl:SCRAM-SHA-256`."""
        return f"{self.system}:{self.method}" if self.system else self.method


PASSWORD_CLEARTEXT: Final = Authentication("password-cleartext")
PASSWORD_ENCRYPTED: Final = Authentication("password-encrypted")
NTLM: Final = Authentication("NTLM")
GSSAPI: Final = Authentication("GSSAPI")
TLS_CLIENT_CERT: Final = Authentication("TLS-client-cert")
OAUTH2: Final = Authentication("OAuth2")
CLIENT_IP_ADDRESS: Final = Authentication("client-IP-address")
NO_AUTHENTICATION: Final = Authentication("none")
HTTP_BASIC: Final = Authentication("Basic", AuthenticationSystem.HTTP)
HTTP_DIGEST: Final = Authentication("Digest", AuthenticationSystem.HTTP)


@dataclass(frozen=True, slots=True, order=True)
class HostEndpoint:
    """Where a host-based service listens.

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
    """Where a URL-based service answers.

    Attributes:
        url: absolute, `https:` or `http:`, or a template with placeholders that becomes one.
    """

    url: str


@dataclass(frozen=True, slots=True, order=True)
class Pop3Options:
    """How a POP3 client shall fetch (the ISPDB's element `pop3`). What is not said is None.

    Attributes:
        leave_messages_on_server: do not delete what was fetched.
        days_to_leave_messages_on_server: for that long only.
        download_on_biff: fetch as soon as the client sees that there is new mail.
    """

    leave_messages_on_server: bool | None = None
    days_to_leave_messages_on_server: int | None = None
    download_on_biff: bool | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One way to reach a mailbox, a calendar, an address book, ….

    Attributes:
        type: what it speaks.
        endpoint: host-based or URL-based, as the type demands.
        authentication: the methods, the preferred one first; never empty.
        login_name: text or template; None where the client shall ask the user.
        priority: smaller is preferred; None means that the operator has no opinion.
        domain_required: the login name must carry the domain (Autodiscover's `DomainRequired`).
        pop3: of POP3 services only; None where there is nothing to say.
    """

    type: ServiceType
    endpoint: HostEndpoint | UrlEndpoint
    authentication: tuple[Authentication, ...]
    login_name: str | None = EMAIL_ADDRESS
    priority: int | None = None
    domain_required: bool = False
    pop3: Pop3Options | None = None


@dataclass(frozen=True, slots=True)
class Documentation:
    """A page for people.

    Attributes:
        url: absolute.
        descriptions: pairs of language (RFC 5646 tag, or None) and text, in order.
    """

    url: str
    descriptions: tuple[tuple[str | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Where a client gets OAuth2 tokens (the draft's `oAuth2` element). Absent texts are None."""

    issuer: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs the services.

    Attributes:
        name: display name for people, 1 to 128 characters.
        short_name: the same for narrow places, 1 to 32 characters.
    """

    name: str
    short_name: str
    documentation: tuple[Documentation, ...] = ()
    oauth2: tuple[OAuth2, ...] = ()


class MatchKind(enum.Enum):
    """How a pattern matches, the strongest first."""

    EXACT = "exact"
    SUFFIX = "suffix"
    ANY = "any"


@dataclass(frozen=True, slots=True, order=True)
class DomainPattern:
    """Which domains an entry is for: `example.com`, `*.example.com` or `*`.

    Attributes:
        text: the pattern in lower case and A-labels.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern in any case, with U-labels or A-labels.

        Raises:
            DomainError: the message names the rule that `text` breaks.
        """
        stripped = text.strip(" \t")
        if stripped == "*":
            return cls("*")
        if stripped.startswith("*."):
            return cls(f"*.{DomainName.parse(stripped[2:]).ascii}")
        if "*" in stripped:
            raise DomainError("a * stands alone or in front of the first dot, as in *.example.com")
        return cls(DomainName.parse(stripped).ascii)

    @property
    def kind(self) -> MatchKind:
        """How this pattern matches."""
        if self.text == "*":
            return MatchKind.ANY
        return MatchKind.SUFFIX if self.text.startswith("*.") else MatchKind.EXACT

    def __str__(self) -> str:
        """Give the pattern as it stands in providers files and in the database."""
        return self.text


def candidates(domain: DomainName) -> tuple[DomainPattern, ...]:
    """Give the patterns that match a domain, the strongest first.

    Exact, then `*.suffix` from the longest to the shortest, then `*`. `*.example.com` does not
    match `example.com` itself, as in DNS (RFC 4592 s2.2) and in certificates.
    """
    suffixes = [DomainPattern(f"*.{parent.ascii}") for parent in domain.parents()]
    return (DomainPattern(domain.ascii), *suffixes, DomainPattern("*"))


@dataclass(frozen=True, slots=True)
class LdapServer:
    """A row of automx2's table `ldapserver`, kept for the directory lookups.

    Attributes:
        id: automx2's number; domains point to it.
        search_filter: an RFC 4515 filter with `{0}` for the address.
        attr_uid: attribute with the login name.
        attr_cn: attribute with the name for people, or None.
        bind_password: never shown, logged or exported; None keeps the one that is stored.
    """

    id: int
    name: str
    port: int
    use_ssl: bool
    search_base: str
    search_filter: str
    attr_uid: str
    attr_cn: str | None = None
    bind_user: str | None = None
    bind_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Domain:
    """What a store keeps for a domain, or for all domains that match a pattern.

    Attributes:
        services: as configured; `preference` puts them in order.
        ldapserver_id: the `LdapServer` to ask about users, or None.
    """

    pattern: DomainPattern
    provider: Provider
    services: tuple[Service, ...]
    ldapserver_id: int | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that a store keeps: what a providers file says, what `apply` writes and `export` reads.

    Attributes:
        domains: sorted by provider as configured; every pattern at most once. There may be more
            of them than should be in memory: then each is made anew whenever it is asked for.
        idle_providers: providers that have no domain (automx2 databases may hold some).
    """

    domains: Sequence[Domain] = ()
    ldapservers: tuple[LdapServer, ...] = ()
    idle_providers: tuple[Provider, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who a user is. Texts that are not known are None."""

    login_name: str | None = None
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Everything an answer is made of, for one domain or one address.

    Attributes:
        domain: the one that was asked for; answers name no other.
        address: None where only the domain is known.
        services: in the order of preference, all placeholders expanded that can be; with an
            address none is left.
    """

    domain: DomainName
    address: EmailAddress | None
    provider: Provider
    services: tuple[Service, ...]
    person: Person = Person()

    def of_type(self, *types: ServiceType) -> tuple[Service, ...]:
        """Give the services of these types, in the order of preference."""
        return tuple(service for service in self.services if service.type in types)

    def named(self, display_name: str | None) -> "ClientConfig":
        """Give the same configuration for a person of this name; None leaves it as it is."""
        if not display_name:
            return self
        return replace(self, person=replace(self.person, display_name=display_name))
