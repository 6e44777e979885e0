"""Delta Chat, from its source and a run of 2.65.0 [code][run]."""

from collections.abc import Callable, Generator
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
)

REDIRECTS_MAX: Final = 10
_SECURITY: Final[dict[str, ServerSecurity]] = {
    "ssl": "tls",
    "starttls": "starttls",
    "plain": "none",
}
# Used instead of an invalid port.
_DEFAULT_PORTS: Final = {
    ("imap", True): 993,
    ("imap", False): 143,
    ("smtp", True): 465,
    ("smtp", False): 587,
}

_Reader = Callable[[bytes, EmailAddress], list[MailServer]]


def search(user: ClientUser) -> ClientSession:
    """Ask one URL after the other, by https only; the first 2xx that is XML ends the search."""
    host = f"autodiscover.{user.domain}"
    sources: list[tuple[ClientRequest, _Reader]] = [
        (
            urls.autoconfig(user.domain, "https", urls.address_query(user.typed_address)),
            read_autoconfig,
        ),
        (urls.well_known(user.domain), read_autoconfig),
        (ClientRequest("GET", "https", user.domain, urls.AUTODISCOVER_PATH), read_autodiscover),
        (ClientRequest("GET", "https", host, urls.AUTODISCOVER_PATH), read_autodiscover),
    ]
    reasons: list[str] = []
    for request, reader in sources:
        response = yield from _fetch(request)
        if not response.is_success:
            reasons.append(f"{request.url}: {describe(response)}")
            continue
        try:
            servers = reader(response.body, user.address)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            continue
        incoming, outgoing = (documents.first_server(servers, kind) for kind in ("imap", "smtp"))
        if incoming and outgoing:
            return Outcome(Account(incoming, outgoing), source=request.url)
        # Well-formed XML in a 2xx ends the search, even without a server; then it guesses names.
        reason = f"{request.url}: XML without IMAP and SMTP services, which ends its search"
        return Outcome(reasons=(*reasons, reason), has_stopped=True)
    yield urls.database(user.domain)
    return Outcome(reasons=tuple(reasons))


def _fetch(request: ClientRequest) -> Generator[ClientRequest, ServerAnswer, ServerAnswer]:
    """Fetch a document, and follow RedirectUrl of Autodiscover."""
    for _ in range(REDIRECTS_MAX + 1):
        response = yield from follow_redirects(
            request, max_redirects=REDIRECTS_MAX, allow_relative=False
        )
        if not response.is_success or request.path != urls.AUTODISCOVER_PATH:
            return response
        try:
            root = documents.parse(response.body)
        except UnusableDocument:
            return response
        redirect = next(
            (
                element.text or ""
                for element in root.iter()
                if _name(element) == "redirecturl" and element.text
            ),
            "",
        )
        target = request.redirected_to(redirect.strip()) if redirect else None
        if target is None:
            return response
        request = target
    return response


def read_autoconfig(body: bytes, address: EmailAddress) -> list[MailServer]:
    """Return the servers of an Autoconfig document.

    Raises:
        UnusableDocument: the body is not well-formed XML.
    """
    sections = [
        element
        for element in documents.parse(body).iter()
        if _name(element) in {_INCOMING.lower(), _OUTGOING.lower()}
    ]
    return documents.read_sections(
        sections[: documents.SECTIONS_MAX], lambda section: _server(section, address)
    )[0]


def _server(section: etree._Element, address: EmailAddress) -> MailServer:
    attributes = {str(name).lower(): value for name, value in section.attrib.items()}
    kind = str(attributes.get("type", "")).lower()
    expected_kind = "imap" if _name(section) == _INCOMING.lower() else "smtp"
    if kind != expected_kind:
        raise UnusableDocument("unsupported type")
    host = documents.expand_placeholders(_value(section, "hostname"), address)
    login = documents.expand_placeholders(_value(section, "username"), address)
    port_text = _value(section, "port")
    if not host or not login or not port_text:
        raise UnusableDocument("hostname, port or username is missing")
    security = _SECURITY.get(_value(section, "sockettype").lower(), "automatic")
    try:
        port = documents.parse_port(port_text)
    except UnusableDocument:
        # [run] With TLS; [know] without.
        port = _DEFAULT_PORTS[kind, security == "tls"]
    # It does not read the methods of authentication.
    return MailServer(kind, host.lower(), port, security, login=login)


def read_autodiscover(body: bytes, address: EmailAddress) -> list[MailServer]:
    """Return the servers of an Autodiscover answer; LoginName is not read.

    Raises:
        UnusableDocument: the body is not well-formed XML.
    """
    servers = []
    for protocol in documents.parse(body).iter():
        kind = _value(protocol, "type").lower()
        if _name(protocol) != "protocol" or kind not in {"imap", "smtp"}:
            continue
        try:
            port = documents.parse_port(_value(protocol, "port"))
        except UnusableDocument:
            continue
        is_off = _value(protocol, "ssl") == "off"
        security: ServerSecurity = "none" if is_off else "automatic"
        servers.append(
            MailServer(kind, _value(protocol, "server"), port, security, login=str(address))
        )
    return servers


_INCOMING: Final = "incomingServer"
_OUTGOING: Final = "outgoingServer"


def _name(element: etree._Element) -> str:
    return documents.local_name(element).lower()


def _value(element: etree._Element, name: str) -> str:
    value = (child.text or "" for child in element if _name(child) == name)
    return next(value, "").strip()


DELTA_CHAT: Final = SimulatedClient(
    client=clients.DELTA_CHAT,
    version="2.65.0 (`deltachat-rpc-server`)",
    date="2026-11-24",
    basis="run",
    search=search,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`, without the address",
        (
            "GET `https://D/autodiscover/autodiscover.xml`, without any data; Waypost answers 405, "
            "so that it continues"
        ),
        "GET `https://autodiscover.D/autodiscover/autodiscover.xml`, the same",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
    ),
    notes=(
        (
            "It asks one URL after the other, by https only, and stops at the first 2xx answer "
            "that is XML, even if the answer contains no server."
        ),
        "`@` arrives as `%40`, `+` as `%2B`.",
        (
            "White space around values does not matter, placeholders must be spelled exactly, and "
            "it uses the usual port instead of an invalid one."
        ),
        (
            "It cannot set up an account by Autodiscover, because it never sends the POST that "
            "Autodiscover requires."
        ),
        (
            "With its strict certificate checks it trusts only public certificate authorities, so "
            "your own authority does not work."
        ),
        "After a failed login it repeats all requests once.",
    ),
)
