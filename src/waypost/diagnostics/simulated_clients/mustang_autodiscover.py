"""Autodiscover in Mustang (mustang-im/mustang 227ae5a [code]).

Not recorded: the user's consent to a redirect from plain http to another domain.
"""

from collections.abc import Generator
from typing import Final

from lxml import etree

from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.activesync import url_of_json
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientUser,
    MailServer,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
)

_PROTOCOLS: Final = ("Ews", "ActiveSync", "REST")
_JSON: Final = "/autodiscover/autodiscover.json/v1.0"
# [code] If protection is on, these ports mean STARTTLS, and any other port means TLS.
_STARTTLS_PORTS: Final = frozenset({143, 110, 587})
_SENDING_PORTS: Final[dict[ServerSecurity, int]] = {"tls": 465, "starttls": 587, "none": 25}

OutcomeSearch = Generator[RequestOrLookup, ServerAnswer, Outcome | None]


def search_by_json(user: ClientUser, reasons: list[str]) -> OutcomeSearch:
    """Ask for the URL of each protocol of Exchange; the first URL that is found counts."""
    first_outcome = None
    for scheme, host in _urls(user.domain):
        for protocol in _PROTOCOLS:
            # [code] The address is in the path as it was typed.
            path = f"{_JSON}/{user.typed_address}"
            request = ClientRequest("GET", scheme, host, path, f"Protocol={protocol}")
            response = yield from follow_redirects(request)
            url = url_of_json(response.body) if response.is_success else ""
            if url.startswith("https:"):
                first_outcome = first_outcome or Outcome(source=url)
            elif protocol == _PROTOCOLS[0]:
                reason = describe(response) if not response.is_success else "no Url"
                reasons.append(f"{request.url}: {reason}")
    return first_outcome


def search_by_xml(user: ClientUser, reasons: list[str]) -> OutcomeSearch:
    """POST to three URLs; the first usable answer counts."""
    for scheme, host in _urls(user.domain):
        request = urls.autodiscover_request(host, user.typed_address, scheme=scheme)
        response = yield request
        target = request.redirected_to(response.location) if response.is_redirect else None
        if target is not None and target.scheme == "https":
            request = target
            response = yield request
        try:
            return Outcome(_account(_parse(response), user), source=request.url)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
    return None


def _urls(domain: str) -> tuple[tuple[urls.Scheme, str], ...]:
    name = f"autodiscover.{domain}"
    return ("https", name), ("https", domain), ("http", name)


def _parse(response: ServerAnswer) -> etree._Element:
    if not response.is_success:
        raise UnusableDocument(describe(response))
    return documents.parse(response.body)


def _account(root: etree._Element, user: ClientUser) -> Account:
    servers, reasons = documents.read_sections(
        documents.protocols(root), lambda protocol: _server(protocol, user)
    )
    if not servers:
        raise UnusableDocument("; ".join(["the client knows no Protocol", *reasons]))
    incoming = servers[0]
    if incoming.kind == "pop3":
        raise UnusableDocument("POP3 is first, and the client does not support it yet")
    # [code] SMTP is not read: the client assumes the same host and the usual port.
    outgoing = MailServer(
        kind="smtp",
        host=incoming.host,
        port=_SENDING_PORTS[incoming.security],
        security=incoming.security,
        method=incoming.method,
        login=incoming.login,
    )
    return Account(incoming, outgoing)


def _server(protocol: etree._Element, user: ClientUser) -> MailServer:
    kind = documents.mail_kind(protocol)
    if kind == "smtp":
        raise UnusableDocument("SMTP is not read")
    port = documents.parse_port(documents.child_text(protocol, "Port"))
    host = documents.child_text(protocol, "Server")
    encryption = documents.child_text(protocol, "Encryption").lower()
    # [code] One of them is enough.
    is_on = documents.child_text(protocol, "SSL").lower() == "on" or encryption not in {"", "none"}
    protected: ServerSecurity = "starttls" if port in _STARTTLS_PORTS else "tls"
    security: ServerSecurity = protected if is_on else "none"
    login = documents.child_text(protocol, "LoginName") or str(user.address)
    return MailServer(kind, host.lower(), port, security, "password-cleartext", login)
