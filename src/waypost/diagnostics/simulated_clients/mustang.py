"""Mustang, from its source (mustang-im/mustang 227ae5a [code]).

Not recorded: its own files of providers, its table of OAuth2 hosts, and guessing.
"""

from collections.abc import Generator, Iterator
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import base_domain, mail_exchanger, parent_domain
from waypost.diagnostics.simulated_clients.mustang_autodiscover import search_by_json, search_by_xml
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
    require,
)

_SECURITY: Final[dict[str, ServerSecurity]] = {
    "plain": "none",
    "SSL": "tls",
    "STARTTLS": "starttls",
}
# [code] "basic" is spelled in lower case there, and an element with an attribute never matches.
_METHODS: Final = frozenset(
    {"password-cleartext", "basic", "OAuth2", "password-encrypted", "GSSAPI", "NTLM"}
)
_HOST_TYPES: Final = frozenset({"imap", "pop3", "smtp"})
_URL_TYPES: Final = frozenset({"jmap", "ews", "owa", "activesync", "graph"})
_HTTPS_PORT: Final = 443


def search(user: ClientUser) -> ClientSession:
    """Ask Autoconfig and Autodiscover; the first success in this order counts."""
    reasons: list[str] = []
    typed = user.typed_address.rpartition("@")[2].lower()
    database = yield from _search_urls((_database(user.domain),), typed, user, reasons)
    own_server = yield from _search_urls(
        _requests(user.domain, user.typed_address), typed, user, reasons
    )
    by_mail_server = yield from _by_mail_server(user, reasons)
    exchange = yield from search_by_json(user, reasons)
    for outcome in (database, own_server, by_mail_server, exchange):
        if outcome is not None:
            return outcome
    outcome = yield from search_by_xml(user, reasons)
    return outcome or Outcome(reasons=tuple(reasons))


def _database(domain: str) -> ClientRequest:
    return ClientRequest("GET", "https", urls.MUSTANG_DATABASE_HOST, f"/{domain}")


def _requests(domain: str, address: str = "") -> tuple[ClientRequest, ...]:
    return (
        urls.autoconfig(domain, "https", urls.address_query(address) if address else ""),
        urls.well_known(domain),
        urls.autoconfig(domain, "http"),
    )


def _by_mail_server(
    user: ClientUser, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, Outcome | None]:
    host = yield from mail_exchanger(user.domain)
    first_outcome = None
    for domain in dict.fromkeys(
        domain for domain in (parent_domain(host), base_domain(host)) if domain and host
    ):
        for requests in (_requests(domain), (_database(domain),)):
            outcome = yield from _search_urls(requests, domain, user, reasons)
            first_outcome = first_outcome or outcome
    return first_outcome


def _search_urls(
    requests: tuple[ClientRequest, ...], domain: str, user: ClientUser, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, Outcome | None]:
    """Ask some URLs at once, and read only the first success, whatever it contains."""
    answers = []
    for request in requests:
        response = yield from follow_redirects(request)
        answers.append((request, response))
    for request, response in answers:
        if not response.is_success:
            if response.status or request.host not in urls.DATABASE_HOSTS:
                reasons.append(f"{request.url}: {describe(response)}")
            continue
        try:
            account, warnings = read_account(response.body, domain, user.address)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            return None
        return Outcome(account, source=request.url, warnings=tuple(warnings))
    return None


def read_account(body: bytes, domain: str, address: EmailAddress) -> tuple[Account, list[str]]:
    """Return the account of the first incoming section that can be read.

    Args:
        body: the document.
        domain: the domain that the document must name, exactly.
        address: the address of the account.

    Raises:
        UnusableDocument: there is none, or there is no server for sending.
    """
    provider = documents.find_provider(body)
    domains = documents.child_texts(provider, "domain")
    require(domain in domains, f"the document does not name the domain {domain[:60]}")
    servers, reasons = documents.read_sections(
        documents.children(provider, "incomingServer"), lambda section: _server(section, address)
    )
    require(bool(servers), "; ".join(["no usable incomingServer", *reasons]))
    outgoing, outgoing_reasons = documents.read_sections(
        documents.children(provider, "outgoingServer"), lambda section: _server(section, address)
    )
    if any(server.kind in _HOST_TYPES for server in servers):
        require(bool(outgoing), "; ".join(["no usable outgoingServer", *outgoing_reasons]))
    incoming = servers[0]
    require(incoming.kind != "pop3", "POP3 is first, and the client does not support it yet")
    account = Account(incoming, outgoing[0] if incoming.kind in _HOST_TYPES else incoming)
    return account, list(_warnings(account, provider))


def _server(section: etree._Element, address: EmailAddress) -> MailServer:
    kind = section.get("type") or ""
    require(kind in _HOST_TYPES | _URL_TYPES, "unsupported type")
    login = documents.child_text(section, "username")
    require(bool(documents.children(section, "username")), "there is no username")
    if kind in _HOST_TYPES:
        host, port, security = _endpoint(section, address)
    else:
        url_request = ClientRequest.get(documents.child_text(section, "url"))
        require(
            url_request.scheme in {"https", "http"} and bool(url_request.host), "there is no url"
        )
        host, port, security = url_request.host, _HTTPS_PORT, "tls"
    method = _method(section)
    login = documents.expand_placeholders(login, address) or str(address)
    return MailServer(kind, host, port, security, method, login)


def _endpoint(section: etree._Element, address: EmailAddress) -> tuple[str, int, ServerSecurity]:
    host = documents.child_text(section, "hostname")
    is_host = bool(host) and all(char.isalnum() or char in "-.%" for char in host)
    require(is_host, f"hostname {host[:40]!r} is not a host name")
    port = documents.parse_port(documents.child_text(section, "port"))
    socket_types = documents.child_texts(section, "socketType")
    security = next(
        (_SECURITY[socket_type] for socket_type in socket_types if socket_type in _SECURITY), None
    )
    if security is None:
        raise UnusableDocument(f"socketType {' '.join(socket_types)[:40]!r} is not known")
    return documents.expand_placeholders(host, address).lower(), port, security


def _method(section: etree._Element) -> str:
    """Return the first known method, but one after OAuth2 if OAuth2 cannot work."""
    known = [
        method.text or ""
        for method in documents.children(section, "authentication")
        if not method.attrib and method.text in _METHODS
    ]
    require(bool(known), "the client knows no authentication method")
    if _has_complete_oauth2(section):
        return known[0]
    other_methods = [method for method in known if method != "OAuth2"]
    method = next(iter(other_methods), "OAuth2")
    return "password-cleartext" if method == "basic" else method


def _has_complete_oauth2(element: etree._Element) -> bool:
    """Return whether the first `oAuth2` of the document is complete."""
    root = element.getroottree().getroot()
    oauth2 = next(iter(documents.children(root, "oAuth2")), None)
    if oauth2 is None or not documents.child_text(oauth2, "scope"):
        return False
    oauth_urls = (documents.child_text(oauth2, name) for name in ("tokenURL", "authURL"))
    return all(oauth_url.startswith(("https:", "http:")) for oauth_url in oauth_urls)


def _warnings(account: Account, provider: etree._Element) -> Iterator[str]:
    for server in dict.fromkeys((account.incoming, account.outgoing)):
        if server.method == "OAuth2" and not _has_complete_oauth2(provider):
            yield f"{server.kind}: the client uses OAuth2, which fails without a complete oAuth2"


MUSTANG: Final = SimulatedClient(
    client=clients.MUSTANG,
    version="source 227ae5a",
    date="2026-08-20",
    basis="code",
    search=search,
    keeps_case=True,
    order=(
        "GET its own database, `https://v1.ispdb.net/D`",
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`, without an address",
        "GET `http://autoconfig.D/mail/config-v1.1.xml`, without an address",
        (
            "DNS over HTTPS: the first MX host; GET the same without an address, and its database, "
            "for that host without its first label, then for its registered domain"
        ),
        (
            "GET `/autodiscover/autodiscover.json/v1.0/E?Protocol=` with `Ews`, `ActiveSync` and "
            "`REST` on `https://autodiscover.D`, `https://D` and `http://autodiscover.D`"
        ),
        (
            "only if all of these fail: POST `/autodiscover/autodiscover.xml` on "
            "`https://autodiscover.D`, `https://D` and `http://autodiscover.D`"
        ),
        "guessing (not recorded)",
    ),
    notes=(
        "It asks all of these except the last two at once, and uses the best answer in this order.",
        (
            "It reads only the first 2xx of the three URLs of a domain. If that document is "
            "useless, it does not read the other two."
        ),
        (
            "`domain` must be the domain that its user typed, in lower case; Waypost names an "
            "internationalised domain in both forms. It cannot use a redirect to another domain."
        ),
        (
            'It never matches `<authentication system="http">Basic</authentication>`; Waypost '
            "writes `password-cleartext` after it."
        ),
        (
            "It drops a section with a value that it does not know, and keeps the others. It "
            "supports JMAP and EWS accounts, but not yet POP3, which must not come first."
        ),
        (
            "It uses OAuth2 if the document has a complete `oAuth2`, and otherwise a method after "
            "OAuth2."
        ),
        "It drops a section without `username`.",
        "In Autodiscover it reads only the IMAP host, and uses that host for SMTP as well.",
    ),
)
