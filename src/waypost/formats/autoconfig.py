"""Mozilla Autoconfig: draft-ietf-mailmaint-autoconfig-06.

Read by Thunderbird, K-9 Mail, Delta Chat, FairEmail, Evolution, KMail, Nextcloud Mail and aerc.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from lxml import etree

from waypost.core.address import DomainName
from waypost.core.errors import NoUsableService
from waypost.core.model import (
    ClientConfig,
    Documentation,
    Format,
    HostEndpoint,
    OAuth2,
    Pop3Options,
    Provider,
    Security,
    Service,
    ServiceType,
    Webmail,
    with_general_name,
)
from waypost.core.placeholders import expand_pages, expand_url, expand_username
from waypost.core.preference import ordered
from waypost.formats.xml import child, to_bytes

CONTENT_TYPE: Final = "text/xml; charset=utf-8"

# s"type": the element, and its attribute `type`.
_INCOMING: Final = {
    ServiceType.IMAP: "imap",
    ServiceType.POP3: "pop3",
    ServiceType.JMAP: "jmap",
    ServiceType.EWS: "ews",
    ServiceType.ACTIVESYNC: "activeSync",
    ServiceType.GRAPH: "graph",
}
_OTHER_SECTIONS: Final = {
    ServiceType.CALDAV: ("calendar", "caldav"),
    ServiceType.CARDDAV: ("addressbook", "carddav"),
    ServiceType.WEBDAV: ("fileShare", "webdav"),
    ServiceType.XMPP: ("chatServer", "xmpp"),
    ServiceType.MATRIX: ("chatServer", "matrix"),
    ServiceType.OPENTALK: ("videoConference", "opentalk"),
    ServiceType.MANAGESIEVE: ("setupServer", "managesieve"),
}
# These need no separate outgoing service (s"Server sections").
_SELF_SUFFICIENT: Final = frozenset(_INCOMING) - {ServiceType.IMAP, ServiceType.POP3}
# s"socketType"; case matters to Thunderbird and K-9.
_SOCKET_TYPE: Final = {
    Security.TLS: "SSL",
    Security.STARTTLS: "STARTTLS",
    Security.NONE: "plain",
}
# The types of version 1.1. Clients of 1.1 ignore the others, but the document needs version 1.2.
_TYPES_1_1: Final = frozenset({ServiceType.IMAP, ServiceType.POP3, ServiceType.SMTP})


def render(config: ClientConfig) -> bytes:
    """Return the Autoconfig document with the services that this format may describe.

    The version is 1.1 if there are only IMAP, POP3 and SMTP with the authentication methods of the
    draft's own list, and no `oAuth2`; otherwise it is 1.2. The document has at most one `oAuth2`,
    and a complete one: io-pim-discovery 5036dfa refuses documents with two of them.

    Args:
        config: a configuration with an address, or only a domain. Without an address, login names
            contain placeholders, which every client expands (s"Placeholders").

    Raises:
        NoUsableService: the services do not make a mail account. Thunderbird needs an incoming and
            an outgoing service, and ends its search at a 200 with less
            (seen with Thunderbird 153.7).
    """
    # Only the requested domain: the list of the provider's customers is private. Mustang and
    # Sailfish OS compare it with what the user typed, which may be the U-label form (read in
    # mustang-im/mustang 227ae5a and sailfishos/nemo-qml-plugin-email f8ec3b0).
    names = dict.fromkeys((config.domain.ascii, config.domain.unicode))
    services = config.for_format(Format.AUTOCONFIG).services
    return _document(config.provider, tuple(names), services, config)


def render_submission(
    provider: Provider, domains: Sequence[DomainName], services: Iterable[Service]
) -> bytes:
    """Return one document for all domains of a provider, in the form of the ISPDB.

    Args:
        provider: the provider that the document names.
        domains: at least one domain; the first one is the id of the document.
        services: the services of all these domains, with their placeholders.

    Raises:
        NoUsableService: the services do not make a mail account.
    """
    listed = ordered(service for service in services if Format.AUTOCONFIG in service.formats)
    return _document(provider, [domain.ascii for domain in domains], listed)


def _document(
    owner: Provider,
    domains: Sequence[str],
    all_services: tuple[Service, ...],
    config: ClientConfig | None = None,
) -> bytes:
    # s"type": the only type of an address book is carddav; there is no type for LDAP.
    services = tuple(service for service in all_services if service.type is not ServiceType.LDAP)
    _check_usable(domains[0], services)
    root = etree.Element("clientConfig", version=_version(owner, services))
    provider = child(root, "emailProvider", id=domains[0])
    for domain in domains:
        child(provider, "domain", domain)
    child(provider, "displayName", owner.name)
    child(provider, "displayShortName", owner.short_name)
    for service in (candidate for candidate in services if candidate.type in _INCOMING):
        _server(provider, "incomingServer", _INCOMING[service.type], service)
    for service in (candidate for candidate in services if candidate.type is ServiceType.SMTP):
        _server(provider, "outgoingServer", "smtp", service)
    for page in _expand_pages(owner.documentation, config):
        _documentation(provider, page)
    for page in _expand_pages(owner.enable, config):
        _enable(provider, page)
    for service in (candidate for candidate in services if candidate.type in _OTHER_SECTIONS):
        _other_section(root, service)
    if (oauth2 := owner.complete_oauth2) is not None:
        _oauth2(root, oauth2, config)
    if owner.webmail is not None:
        _webmail(root, owner.webmail, config)
    if owner.update_url is not None:
        child(root, "clientConfigUpdate", url=_expand_url(owner.update_url, config))
    return to_bytes(root)


def _other_section(root: etree._Element, service: Service) -> None:
    name, kind = _OTHER_SECTIONS[service.type]
    if service.type is ServiceType.XMPP and isinstance(service.endpoint, HostEndpoint):
        kind = "xmpptcp"
    _server(root, name, kind, service)


def _check_usable(domain: str, services: Iterable[Service]) -> None:
    types = {service.type for service in services}
    if types & _SELF_SUFFICIENT:
        return
    if not types & {ServiceType.IMAP, ServiceType.POP3}:
        raise NoUsableService(f"{domain} has no incoming mail service")
    if ServiceType.SMTP not in types:
        raise NoUsableService(f"{domain} has no outgoing mail service")


def _version(provider: Provider, services: Iterable[Service]) -> str:
    plain = all(
        service.type in _TYPES_1_1
        and all(method.system is None for method in service.authentication)
        for service in services
    )
    return "1.1" if plain and provider.complete_oauth2 is None else "1.2"


def _server(parent: etree._Element, name: str, kind: str, service: Service) -> None:
    server = child(parent, name, type=kind)
    endpoint, methods = service.endpoint, service.authentication
    if isinstance(endpoint, HostEndpoint):
        child(server, "hostname", endpoint.host)
        child(server, "port", str(endpoint.port))
        child(server, "socketType", _SOCKET_TYPE[endpoint.security])
    else:
        child(server, "url", endpoint.url)
        methods = with_general_name(methods)
    for method in methods:
        # s"Multiple authentication alternatives": the preferred one first.
        attributes = {} if method.system is None else {"system": method.system.value}
        child(server, "authentication", method.method, **attributes)
    if service.login_name is not None:
        child(server, "username", service.login_name)
    if service.pop3 is not None:
        _pop3(server, service.pop3)


def _pop3(parent: etree._Element, options: Pop3Options) -> None:
    """Add an element that Thunderbird and the ISPDB know and the draft does not have."""
    element = child(parent, "pop3")
    leave, days = options.leave_messages_on_server, options.days_to_leave_messages_on_server
    if leave is not None:
        child(element, "leaveMessagesOnServer", str(leave).lower())
    if options.download_on_biff is not None:
        child(element, "downloadOnBiff", str(options.download_on_biff).lower())
    if days is not None:
        child(element, "daysToLeaveMessagesOnServer", str(days))


def _expand_pages(
    pages: tuple[Documentation, ...], config: ClientConfig | None
) -> tuple[Documentation, ...]:
    """Return the pages with expanded URLs; without a request, placeholders stay as they are."""
    return pages if config is None else expand_pages(pages, config.domain, config.address)


def _expand_url(url: str, config: ClientConfig | None) -> str:
    """Return an expanded URL; without a request, placeholders stay as they are."""
    return url if config is None else expand_url(url, config.domain, config.address)


def _documentation(parent: etree._Element, page: Documentation) -> None:
    documentation = child(parent, "documentation", url=page.url)
    for language, text in page.descriptions:
        child(documentation, "descr", text, **({} if language is None else {"lang": language}))


def _enable(parent: etree._Element, page: Documentation) -> None:
    """Add an element that the ISPDB knows and FairEmail shows; the draft does not have it."""
    enable = child(parent, "enable", visiturl=page.url)
    for language, text in page.descriptions:
        child(enable, "instruction", text, **({} if language is None else {"lang": language}))


def _webmail(root: etree._Element, webmail: Webmail, config: ClientConfig | None) -> None:
    """Add an element that the ISPDB knows; the draft does not have it."""
    element = child(root, "webMail")
    child(element, "loginPage", url=_expand_url(webmail.url, config))
    login = webmail.login
    if login is None:
        return
    page = child(element, "loginPageInfo", url=_expand_url(login.url, config))
    if login.username is not None:
        name = login.username
        child(page, "username", expand_username(name, config) if config else name)
    fields = (
        ("usernameField", login.username_field),
        ("passwordField", login.password_field),
        ("loginButton", login.login_button),
    )
    for tag, field in fields:
        if field is not None:
            attributes = {"id": field.id, "name": field.name}
            child(
                page, tag, **{key: value for key, value in attributes.items() if value is not None}
            )


def _oauth2(parent: etree._Element, oauth2: OAuth2, config: ClientConfig | None) -> None:
    """Add the OAuth2 server (s"oAuth2"), with its client if that is configured."""
    element = child(parent, "oAuth2")
    urls = (
        ("authURL", oauth2.auth_url),
        ("tokenURL", oauth2.token_url),
        ("issuer", oauth2.issuer),
    )
    for name, url in urls:
        if url is not None:
            child(element, name, _expand_url(url, config))
    texts = (
        ("scope", oauth2.scope),
        ("clientID", oauth2.client_id),
        ("clientSecret", oauth2.client_secret),
    )
    for name, text in texts:
        if text is not None:
            child(element, name, text)
