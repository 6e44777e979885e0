"""Documents as himalaya reads them (pimalaya/io-pim-discovery 5036dfa [code]).

Not recorded: a list whose elements do not follow each other, which its XML parser refuses, and the
JSON names of elements, which it also accepts.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents
from waypost.diagnostics.simulated_clients.session import (
    MailServer,
    ServerSecurity,
    UnusableDocument,
    require,
)

# [code] src/autoconfig/config.rs: the enumerations, without a value for unknown words.
_TYPES: Final = frozenset({"imap", "pop3", "smtp"})
_SECURITY: Final[dict[str, ServerSecurity]] = {
    "SSL": "tls",
    "tls": "tls",
    "STARTTLS": "starttls",
    "starttls": "starttls",
    "plain": "none",
}
# GSSAPI is spelled "GSAPI" there, so the client does not know the draft's word.
_METHODS: Final = frozenset(
    {
        *("password-cleartext", "password-encrypted", "NTLM", "GSAPI", "client-IP-address"),
        *("TLS-client-cert", "OAuth2", "none"),
    }
)
_OAUTH2_PARTS: Final = ("issuer", "scope", "authURL", "tokenURL")
_AT_MOST_ONCE: Final = ("hostname", "port", "socketType", "username")
_PORTS: Final = {
    ("imap", True): 993,
    ("imap", False): 143,
    ("pop3", True): 995,
    ("pop3", False): 110,
    ("smtp", True): 465,
    ("smtp", False): 587,
}
_PLAIN_SMTP_PORT: Final = 25
# [code] PACC: TLS from the first byte.
_PACC_PORTS: Final = {"imap": 993, "pop3": 995, "smtp": 465}


def read_autoconfig(body: bytes, address: EmailAddress) -> list[MailServer]:
    """Read a document; one bad value makes all of it useless.

    Raises:
        UnusableDocument: the document cannot be read.
    """
    root = documents.parse(body)
    # [code] It does not check the name of the root; without these two there is no document.
    require("version" in root.attrib, "there is no version, so the document is not clientConfig")
    providers = documents.children(root, "emailProvider")
    require(len(providers) == 1, "there is not exactly one emailProvider")
    require(providers[0].get("id") is not None, "emailProvider has no id")
    oauth2 = documents.children(root, "oAuth2")
    require(len(oauth2) <= 1, "a second oAuth2 makes the client refuse the document")
    for name in _OAUTH2_PARTS if oauth2 else ():
        has_one = len(documents.child_texts(oauth2[0], name)) == 1
        require(has_one, f"the client refuses a document with an oAuth2 without {name}")
    for page in documents.children(providers[0], "documentation"):
        require(page.get("url") is not None, "the client refuses a documentation without url")
    sections = documents.children(providers[0], "incomingServer", "outgoingServer")
    servers_or_none = [_server(section, address) for section in sections]
    servers = [server for server in servers_or_none if server is not None]
    require(bool(servers), "there is no section with a hostname")
    return servers


def _server(section: etree._Element, address: EmailAddress) -> MailServer | None:
    kind = section.get("type") or ""
    require(
        kind in _TYPES, f"a section of the type {kind[:20]!r} makes the client refuse the document"
    )
    refusal = f"one {kind} section makes the client refuse the document"
    for name in _AT_MOST_ONCE:
        has_two = len(documents.children(section, name)) > 1
        require(not has_two, f"{refusal}: {name} occurs twice")
    socket = documents.child_text(section, "socketType").strip()
    has_socket = bool(documents.children(section, "socketType"))
    require(
        not has_socket or socket in _SECURITY, f"{refusal}: socketType {socket[:20]!r} is not known"
    )
    for method in documents.child_texts(section, "authentication"):
        if method.strip() not in _METHODS:
            raise UnusableDocument(f"{refusal}: authentication {method[:40]!r} is not known")
    security = _SECURITY[socket] if has_socket else "tls"
    host = documents.expand_placeholders(documents.child_text(section, "hostname").strip(), address)
    port = _port(section, kind, security, refusal)
    if not host:
        return None
    login = documents.expand_placeholders(
        documents.child_text(section, "username").strip(), address
    )
    return MailServer(kind, host.lower(), port, security, login=login)


def _port(section: etree._Element, kind: str, security: ServerSecurity, refusal: str) -> int:
    if not documents.children(section, "port"):
        if (kind, security) == ("smtp", "none"):
            return _PLAIN_SMTP_PORT
        return _PORTS[kind, security == "tls"]
    try:
        return documents.parse_port(documents.child_text(section, "port").strip())
    except UnusableDocument as error:
        raise UnusableDocument(f"{refusal}: {error}") from error


def read_pacc(body: bytes) -> tuple[list[MailServer], list[str]]:
    """Read a PACC document.

    Returns:
        The servers of the document, and the URLs of JMAP.

    Raises:
        UnusableDocument: the body is not a PACC document.
    """
    try:
        document: Any = json.loads(body[: documents.DOCUMENT_MAX_BYTES])
    except (ValueError, RecursionError) as error:
        raise UnusableDocument("the document is not JSON") from error
    protocols = _member(document, "protocols")
    _member(document, "authentication")
    provider = _member(_member(document, "info"), "provider")
    require(isinstance(provider.get("name"), str), "the provider has no name")
    servers = [
        MailServer(kind, host, port, "tls")
        for kind, port in _PACC_PORTS.items()
        for host in _texts(protocols, kind, "host")
    ]
    return servers, list(_texts(protocols, "jmap", "url"))


def _member(value: object, name: str) -> dict[str, Any]:
    member = value.get(name) if isinstance(value, dict) else None
    if not isinstance(member, dict):
        raise UnusableDocument(f"{name} is missing, or not an object")
    return member


def _texts(protocols: dict[str, Any], kind: str, name: str) -> Iterable[str]:
    if protocols.get(kind) is None:
        return
    text = _member(protocols, kind).get(name)
    if not isinstance(text, str):
        raise UnusableDocument(f"{kind} has no {name}")
    yield text
