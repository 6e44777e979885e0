"""Sailfish OS, from its source (sailfishos/nemo-qml-plugin-email f8ec3b0 [code]).

Not recorded: its own settings of providers, which it uses if it finds nothing.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
)

_CONTENT_TYPES: Final = ("application/xml", "text/xml", "text/plain")
# The part that chooses between them is not published.
_SECURITY: Final[dict[str, ServerSecurity]] = {
    "SSL": "tls",
    "STARTTLS": "starttls",
    "plain": "none",
}
_METHODS: Final = frozenset({"password-cleartext", "password-encrypted", "OAuth2"})
# With these the server requires no login, and a client without a method does not log in.
_WITHOUT_LOGIN: Final = frozenset({"none", "client-IP-address"})
_SOURCES: Final = "/thunderbird/autoconfig/refs/heads/master/ispdb"


def search(user: ClientUser) -> ClientSession:
    """Ask one URL after the other; the first success that is sent as XML or text counts."""
    reasons: list[str] = []
    for request in _requests(user.domain):
        response = yield from follow_redirects(request, allow_downgrade=False)
        if not response.is_success:
            if response.status or request.host not in urls.DATABASE_HOSTS:
                reasons.append(f"{request.url}: {describe(response)}")
            continue
        if not response.content_type.startswith(_CONTENT_TYPES):
            reasons.append(f"{request.url}: Content-Type is {response.content_type[:60]!r}")
            continue
        try:
            return _outcome(response.body, user, request.url)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}, which ends its search")
            return Outcome(reasons=tuple(reasons), has_stopped=True)
    return Outcome(reasons=tuple(reasons))


def _requests(domain: str) -> tuple[ClientRequest, ...]:
    return (
        urls.autoconfig(domain),
        urls.well_known(domain),
        ClientRequest("GET", "https", urls.DATABASE_SOURCES_HOST, f"{_SOURCES}/{domain}.xml"),
        urls.database(domain),
        urls.autoconfig(domain, "http"),
        urls.well_known(domain, "http"),
    )


def _outcome(body: bytes, user: ClientUser, source: str) -> Outcome:
    provider = documents.find_provider(body)
    # [code] Exactly as it was typed.
    typed_domain = user.typed_address.rpartition("@")[2]
    if typed_domain not in documents.child_texts(provider, "domain"):
        raise UnusableDocument(
            f"the document does not name the domain {typed_domain} as it was typed"
        )
    servers: list[MailServer] = []
    warnings: list[str] = []
    for name, kinds in (("incomingServer", ("imap", "pop3")), ("outgoingServer", ("smtp",))):
        kind, sections = _sections(provider, name, kinds)
        servers.append(_server(kind, sections))
        warnings += _method_warnings(kind, sections, servers[-1].security)
    return Outcome(Account(*servers), source=source, warnings=tuple(warnings))


def _sections(
    provider: etree._Element, name: str, kinds: tuple[str, ...]
) -> tuple[str, list[etree._Element]]:
    """Return the first of these kinds that occurs, and its sections."""
    found_sections = documents.children(provider, name)
    for kind in kinds:
        if sections := [section for section in found_sections if section.get("type") == kind]:
            return kind, sections
    raise UnusableDocument(f"there is no {name} of the type {' or '.join(kinds)}")


def _server(kind: str, sections: list[etree._Element]) -> MailServer:
    """Read a host and, for each kind of protection, the port of the first section that has it."""
    hosts = (documents.child_text(section, "hostname") for section in sections)
    host = next(filter(None, hosts), "")
    if not host or "%" in host:
        raise UnusableDocument(f"{kind}: hostname {host[:40]!r} is not a host name")
    for text, security in _SECURITY.items():
        section = next(filter(partial(_has_socket_type, text), sections), None)
        if section is not None:
            port = documents.parse_port(documents.child_text(section, "port"))
            return MailServer(kind, host.lower(), port, security)
    raise UnusableDocument(f"{kind}: the client knows no socketType")


def _has_socket_type(text: str, section: etree._Element) -> bool:
    return documents.child_text(section, "socketType") == text


def _method_warnings(
    kind: str, sections: list[etree._Element], security: ServerSecurity
) -> Iterator[str]:
    text = next(text for text, known_security in _SECURITY.items() if known_security == security)
    methods = documents.child_texts(
        next(filter(partial(_has_socket_type, text), sections)), "authentication"
    )
    if not (_METHODS | _WITHOUT_LOGIN).intersection(methods):
        yield f"{kind}: no known method in {' '.join(methods)[:60]!r}, so no login"


SAILFISH: Final = SimulatedClient(
    client=clients.SAILFISH,
    version="source f8ec3b0",
    date="2026-05-07",
    basis="code",
    search=search,
    order=(
        "GET `https://autoconfig.D/mail/config-v1.1.xml`",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
        "GET the sources of the public database at `raw.githubusercontent.com`",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        "GET both by plain http",
    ),
    notes=(
        "It does not send the address, so the Host header must be enough.",
        (
            "`domain` must be exactly what its user typed. Waypost names an internationalised "
            "domain in both forms. A domain that was typed with a capital letter, or that is "
            "redirected to another domain, cannot be set up, because no request contains what was "
            "typed."
        ),
        (
            "It reads only the first 2xx that is sent as `application/xml`, `text/xml` or "
            "`text/plain`. If that document is useless, it asks no other URL."
        ),
        (
            "It uses the host of the first section of a type, and the port of the first section "
            "with the chosen `socketType`, so both sections should have the same host."
        ),
        (
            "It knows `password-cleartext`, `password-encrypted` and `OAuth2`. Without any of them "
            "it does not log in."
        ),
        "It does not read the login name.",
    ),
    assumed=(
        "that it prefers IMAP to POP3, and TLS to STARTTLS: the part that chooses is not published",
        "that the login name is the address, or that it asks its user: the same part decides",
    ),
)
