"""Microsoft Autodiscover, plain old XML, Outlook's schema: MS-OXDSCLI.

Read by Outlook, eM Client, FairEmail, Delta Chat and Thunderbird.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import (
    DomainNotServed,
    IncompleteMailService,
    NoUsableService,
    ServiceNotOffered,
    StoreError,
    StoreUnavailable,
    UnknownSchema,
    WaypostError,
)
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    ClientConfig,
    Format,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.core.placeholders import expand_pages
from waypost.core.preference import first_protected
from waypost.formats.autodiscover.request import AutodiscoverRequest, ResponseSchema, parse_request
from waypost.formats.password_methods import accepts_password
from waypost.formats.xml import child, in_namespace, to_bytes

__all__ = [
    "CONTENT_TYPE",
    "PATH",
    "RESPONSE_NAMESPACE",
    "AutodiscoverRequest",
    "ResponseSchema",
    "check_mail",
    "error_code",
    "own_url",
    "parse_request",
    "render",
    "render_error",
    "render_redirect",
    "render_refusal",
]

PATH: Final = "/autodiscover/autodiscover.xml"
CONTENT_TYPE: Final = "text/xml; charset=utf-8"

RESPONSE_NAMESPACE: Final = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_OUTLOOK: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

_MAIL_TYPE: Final = {
    ServiceType.IMAP: "IMAP",
    ServiceType.POP3: "POP3",
    ServiceType.SMTP: "SMTP",
}
# Not Microsoft's: eM Client reads these.
_DAV_TYPE: Final = {ServiceType.CALDAV: "CalDAV", ServiceType.CARDDAV: "CardDAV"}
# MS-OXDSCLI, elements SSL and Encryption; if both are present, Encryption counts. With SSL "off"
# and Encryption "TLS", Thunderbird 153.7 and Delta Chat 2.65 use an unprotected connection
# (seen), so SSL is "on" for STARTTLS too.
_SSL: Final = {Security.TLS: "on", Security.STARTTLS: "on", Security.NONE: "off"}
_ENCRYPTION: Final = {Security.TLS: "SSL", Security.STARTTLS: "TLS", Security.NONE: "None"}

_WITHOUT_LOGIN: Final = frozenset({NO_AUTHENTICATION, CLIENT_IP_ADDRESS})
_SECURE_PASSWORD: Final = frozenset({NTLM, GSSAPI})
_WITHOUT_PASSWORD: Final = _WITHOUT_LOGIN | {GSSAPI}

# MS-OXDSCLI, element TTL: hours until the client asks again. 1 is the default; with 0, the client
# would never ask again.
_TTL_HOURS: Final = "1"

# MS-OXDSCLI, element ErrorCode, and the message that Exchange sends with each code.
_MESSAGES: Final = {
    500: "The email address can't be found.",
    501: "No configuration is available for this email address.",
    600: "Invalid Request",
    601: "Provider is not available",
    602: "The configuration for this email address has errors.",
    603: "Active Directory currently not available",
}


def render(config: ClientConfig) -> bytes:
    """Return the configuration as an Autodiscover answer.

    The answer has one Protocol per type, with the preferred protected service: Outlook offers no
    choice. The format cannot express OAuth2 or client certificates. So mail services that accept
    nothing else are left out: a client would ask for a password, and the login would fail.

    Exchange Web Services are left out: Outlook would use the Exchange protocol and ignore IMAP
    (docs/decisions/0015-exchange-in-autodiscover.md).

    Args:
        config: a configuration with an address; login names contain no placeholder.

    Raises:
        NoUsableService: there is no mail service, or none that the format can express.
        IncompleteMailService: there is no incoming or no outgoing mail service.
    """
    config = config.for_format(Format.AUTODISCOVER)
    check_mail(config)
    root, account = _account(config.user.display_name)
    child(account, "Action", "settings")
    for page in expand_pages(config.provider.documentation[:1], config.domain, config.address):
        child(account, "ServiceHome", page.url)
    for service in _preferred_of_each_type(config):
        if isinstance(service.endpoint, HostEndpoint):
            _mail_protocol(account, service, service.endpoint)
        else:
            _dav_protocol(account, service, service.endpoint)
    return to_bytes(root)


def render_redirect(address: EmailAddress, domain: str | None, url: str | None) -> bytes:
    """Return a redirect (MS-OXDSCLI, element Action); clients follow ten of them.

    Args:
        address: the address in the request.
        domain: the domain of the user's new address, which has the same local part.
        url: without a domain, the https URL of another Autodiscover service.
    """
    root, account = _account()
    child(account, "Action", "redirectUrl" if domain is None else "redirectAddr")
    if domain is None:
        child(account, "RedirectUrl", url)
    else:
        child(account, "RedirectAddr", f"{address.local_part}@{domain}")
    return to_bytes(root)


def check_mail(config: ClientConfig) -> None:
    """Check that a configuration has a complete mail account.

    Raises:
        NoUsableService: there is no mail service, or none that the format can express.
        IncompleteMailService: there is no incoming or no outgoing mail service.
    """
    config = config.for_format(Format.AUTODISCOVER)
    incoming = config.of_type(ServiceType.IMAP, ServiceType.POP3)
    outgoing = config.of_type(ServiceType.SMTP)
    if not incoming and not outgoing:
        raise NoUsableService(f"{config.domain} has no mail service")
    if not incoming:
        raise IncompleteMailService(f"{config.domain} has no incoming mail service")
    if not outgoing:
        raise IncompleteMailService(f"{config.domain} has no outgoing mail service")
    # MS-OXDSCLI, elements AuthRequired and SPA: there is no OAuth2 for IMAP, POP3 and SMTP.
    if not any(map(is_expressible, incoming)) or not any(map(is_expressible, outgoing)):
        raise NoUsableService(f"{config.domain} has mail services that accept no password")


def render_error(error_code: int, message: str) -> bytes:
    """Return an error answer (MS-OXDSCLI, element Error).

    Exchange writes its clock and a hash of its machine's name into the attributes Time and Id. No
    client reads them, so they have fixed values here: the same request has the same answer.

    Args:
        error_code: 500 to 603.
        message: a line in English, without any text from the request.
    """
    root = in_namespace("Autodiscover", RESPONSE_NAMESPACE)
    response = child(root, "Response")
    error = child(response, "Error", Time="00:00:00.0000000", Id="0")
    child(error, "ErrorCode", str(error_code))
    child(error, "Message", message)
    child(error, "DebugData")
    return to_bytes(root)


def render_refusal(error: WaypostError) -> bytes:
    """Return the error answer for an error."""
    code = error_code(error)
    return render_error(code, _MESSAGES[code])


def error_code(error: WaypostError) -> int:
    """Return Microsoft's code for an error (MS-OXDSCLI, element ErrorCode)."""
    if isinstance(error, DomainNotServed):
        return 500  # the address is not found
    if isinstance(error, IncompleteMailService):
        return 602  # the address is found, but its configuration has errors
    if isinstance(error, NoUsableService):
        return 501  # the address is found, but nothing is configured for it
    if isinstance(error, UnknownSchema | ServiceNotOffered):
        return 601  # no service for the schema in AcceptableResponseSchema
    if isinstance(error, StoreUnavailable | StoreError):
        return 603  # an internal error
    return 600  # the request is invalid


def _account(display_name: str | None = None) -> tuple[etree._Element, etree._Element]:
    root = in_namespace("Autodiscover", RESPONSE_NAMESPACE)
    response = in_namespace("Response", _OUTLOOK)
    root.append(response)
    if display_name:
        child(child(response, "User"), "DisplayName", display_name)
    # MS-OXDSCLI, element Account: AccountType, Action, redirect, ServiceHome, Protocol.
    account = child(response, "Account")
    child(account, "AccountType", "email")
    return root, account


def _preferred_of_each_type(config: ClientConfig) -> Iterator[Service]:
    """Yield one service of each type: incoming in the order of preference, SMTP, the others."""
    types = (service.type for service in config.of_type(*_MAIL_TYPE, *_DAV_TYPE))
    for kind in dict.fromkeys(types):
        service = first_protected(filter(is_expressible, config.of_type(kind)))
        if service is not None:
            yield service


def is_expressible(service: Service) -> bool:
    """Return whether a client can log in to a service with what the format can express."""
    if service.type in _DAV_TYPE or accepts_password(service):
        return True
    return not _WITHOUT_PASSWORD.isdisjoint(service.authentication)


def _mail_protocol(account: etree._Element, service: Service, endpoint: HostEndpoint) -> None:
    protocol = child(account, "Protocol")
    child(protocol, "Type", _MAIL_TYPE[service.type])
    child(protocol, "TTL", _TTL_HOURS)
    child(protocol, "Server", endpoint.host)
    child(protocol, "Port", str(endpoint.port))
    child(protocol, "DomainRequired", _on_or_off(service.domain_required))
    if service.login_name is not None:
        child(protocol, "LoginName", service.login_name)
    # MS-OXDSCLI, element SPA: the default is "on", and then Outlook's login with a password fails.
    child(protocol, "SPA", _on_or_off(_SECURE_PASSWORD.issuperset(service.authentication)))
    child(protocol, "SSL", _SSL[endpoint.security])
    child(protocol, "Encryption", _ENCRYPTION[endpoint.security])
    child(
        protocol, "AuthRequired", _on_or_off(not _WITHOUT_LOGIN.issuperset(service.authentication))
    )
    if service.type is ServiceType.SMTP:
        child(protocol, "UsePOPAuth", "off")
        child(protocol, "SMTPLast", "off")


def _dav_protocol(account: etree._Element, service: Service, endpoint: UrlEndpoint) -> None:
    parts = urlsplit(endpoint.url)
    is_https = parts.scheme.lower() == "https"
    protocol = child(account, "Protocol")
    child(protocol, "Type", _DAV_TYPE[service.type])
    child(protocol, "Server", endpoint.url)
    child(protocol, "Port", str(parts.port or (443 if is_https else 80)))
    child(protocol, "SSL", _on_or_off(is_https))
    child(protocol, "DomainRequired", _on_or_off(service.domain_required))
    if service.login_name is not None:
        child(protocol, "LoginName", service.login_name)


def _on_or_off(condition: bool) -> str:
    return "on" if condition else "off"


def own_url(public_url: str | None, domain: DomainName) -> str:
    """Return the https URL of this format for clients of a served domain."""
    return f"{public_url or f'https://autodiscover.{domain.ascii}'}{PATH}"
