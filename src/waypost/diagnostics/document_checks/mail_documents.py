"""Checks of Autoconfig and Autodiscover documents against their standards.

The standards are draft-ietf-mailmaint-autoconfig-06 and Microsoft's POX pages. Each finding is a
line for people; an empty list means that nothing was found. The RELAX NG schema `autoconfig.rng`
in this folder checks which elements are allowed where; this module checks their values.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from lxml import etree

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.hosts import is_host
from waypost.diagnostics.simulated_clients.session import UnusableDocument
from waypost.parsing import untrusted_xml

SCHEMA: Final = "autoconfig.rng"
_TCP_TYPES: Final = frozenset({"imap", "pop3", "smtp", "xmpptcp", "managesieve"})
_SECTIONS: Final = (
    *("incomingServer", "outgoingServer", "calendar", "addressbook", "fileShare"),
    *("chatServer", "videoConference", "setupServer"),
)
_SOCKET_TYPES: Final = frozenset({"plain", "SSL", "STARTTLS"})
_METHODS: Final = frozenset(
    {
        *("password-cleartext", "password-encrypted", "NTLM", "GSSAPI", "client-IP-address"),
        *("TLS-client-cert", "OAuth2", "none", "smtp-after-pop"),
    }
)
_SCHEMA_FINDINGS_MAX: Final = 5
IMPLICIT_TLS_PORTS: Final = frozenset({993, 995, 465})
STARTTLS_PORTS: Final = frozenset({143, 110, 587, 25})
"""The ports on which mail servers do not use TLS from the start."""


def autoconfig_findings(body: bytes) -> list[str]:
    """Return what is wrong with an Autoconfig document."""
    try:
        provider = documents.find_provider(body)
    except UnusableDocument as error:
        return [str(error)]
    findings = _schema_findings(provider.getroottree().getroot())
    if not is_host(provider.get("id") or ""):
        findings.append('the id of emailProvider is not a host name (s"emailProvider")')
    domains = _domains(provider)
    if not domains:
        findings.append('there is no domain in emailProvider (s"domain")')
    elif len(domains) > 1:
        findings.append(f"{len(domains)} domains are named, so customers see each other's domains")
    sections = [
        section
        for parent in (provider, *provider.iterancestors())
        for section in documents.children(parent, *_SECTIONS)
    ]
    if not any(documents.local_name(section) == "incomingServer" for section in sections):
        findings.append("there is no incomingServer")
    for section in sections:
        kind = section.get("type") or ""
        section_name = f"{documents.local_name(section)} {kind[:20]}"
        findings += [f"{section_name}: {finding}" for finding in _section_findings(kind, section)]
    return list(dict.fromkeys(findings))


def _domains(provider: etree._Element) -> set[str]:
    """Return the domains that a document names; a U-label form is the same as its A-label form."""
    domains = set()
    for text in documents.child_texts(provider, "domain"):
        try:
            domains.add(DomainName.parse(text).ascii)
        except DomainError:
            domains.add(text)
    return domains


def _schema_findings(root: etree._Element) -> list[str]:
    """Return where a document breaks the draft's RELAX NG schema."""
    schema = etree.RelaxNG(untrusted_xml.parse(files(__package__).joinpath(SCHEMA).read_bytes()))
    if schema.validate(root):
        return []
    errors = list(schema.error_log)[:_SCHEMA_FINDINGS_MAX]
    return [f"line {error.line}: {error.message[:160]} (the draft's schema)" for error in errors]


def _section_findings(kind: str, section: etree._Element) -> Iterator[str]:
    for value in section:
        if (value.text or "") != (value.text or "").strip() and not len(value):
            yield f"white space around the value of {documents.local_name(value)[:30]}"
    if not kind:
        yield 'there is no type (s"type")'
    elif kind not in _TCP_TYPES:
        if not documents.child_text(section, "url"):
            yield 'there is no url (s"URL-based protocols")'
        return
    try:
        documents.parse_port(documents.child_text(section, "port"))
    except UnusableDocument as error:
        yield f'{error} (s"port")'
    host = documents.child_text(section, "hostname")
    if not is_host(host):
        yield f'hostname {host[:40]!r} is not a host name (s"hostname")'
    socket = documents.child_text(section, "socketType")
    if socket not in _SOCKET_TYPES:
        yield f"socketType {socket[:20]!r} is not one of {', '.join(sorted(_SOCKET_TYPES))}"
    elif socket == "plain":
        yield "there is no TLS; Thunderbird for Android refuses the whole document"
    yield from _method_findings(section)


def _method_findings(section: etree._Element) -> Iterator[str]:
    methods = [
        method
        for method in documents.children(section, "authentication")
        if not method.get("system")
    ]
    if not methods:
        yield 'there is no authentication (s"authentication")'
    for method in methods:
        if method.text == "plain":
            yield "authentication plain is an old name, which Thunderbird for Android refuses"
        elif method.text not in _METHODS:
            yield f"authentication {(method.text or '')[:30]!r} is not known"


def parse_autodiscover(body: bytes) -> etree._Element:
    """Return the root of an Autodiscover answer to any request.

    Raises:
        UnusableDocument: it is no Autodiscover answer.
    """
    root = documents.parse(body)
    if root.tag != f"{{{urls.ANY_RESPONSE}}}Autodiscover":
        raise UnusableDocument("the root is not Autodiscover in Microsoft's namespace")
    return root


def autodiscover_findings(body: bytes) -> list[str]:
    """Return what is wrong with an Autodiscover answer that contains settings."""
    try:
        root = parse_autodiscover(body)
    except UnusableDocument as error:
        return [str(error)]
    response = documents.find_response(root, urls.OUTLOOK_RESPONSE)
    if response is None:
        return ["there is no Response in Outlook's namespace"]
    findings = list(_account_findings(response))
    kinds = [documents.child_text(protocol, "Type") for protocol in documents.protocols(root)]
    if "POP3" in kinds and "IMAP" in kinds and kinds.index("POP3") < kinds.index("IMAP"):
        findings.append("POP3 comes before IMAP, and clients use the first")
    findings += [
        f"there are {kinds.count(kind)} {kind} servers, and Outlook offers no choice"
        for kind in ("IMAP", "POP3", "SMTP")
        if kinds.count(kind) > 1
    ]
    for protocol in documents.protocols(root):
        kind = documents.child_text(protocol, "Type")
        if kind in {"IMAP", "POP3", "SMTP"}:
            findings += [f"{kind}: {finding}" for finding in _protocol_findings(protocol)]
    return list(dict.fromkeys(findings))


def _account_findings(response: etree._Element) -> Iterator[str]:
    accounts = documents.children(response, "Account")
    if len(accounts) != 1:
        yield f"there are {len(accounts)} Account elements instead of one"
        return
    names = [documents.local_name(child) for child in accounts[0]]
    before = names[: names.index("Protocol")] if "Protocol" in names else names
    for name, value in (("AccountType", "email"), ("Action", "settings")):
        # The pages define an order, and FairEmail reads no Protocol that comes before these.
        if name not in before:
            yield f"{name} is not before Protocol"
        elif documents.child_text(accounts[0], name) != value:
            yield f"{name} is {documents.child_text(accounts[0], name)[:20]!r}, not {value}"
    if "Protocol" not in names:
        yield "there is no Protocol"


def _protocol_findings(protocol: etree._Element) -> Iterator[str]:
    if not documents.child_text(protocol, "Server").strip():
        yield "there is no Server"
    ssl, encryption = (documents.child_text(protocol, name) for name in ("SSL", "Encryption"))
    if ssl not in {"on", "off"} and documents.child_texts(protocol, "SSL"):
        yield f"SSL {ssl[:10]!r} is neither on nor off"
    if ssl == "off" and encryption.lower() == "tls":
        yield "SSL is off although Encryption is TLS: Thunderbird then uses no TLS"
    if documents.child_text(protocol, "SPA").lower() != "off":
        yield "SPA is not off: Outlook does not send a plain password"
    try:
        port = documents.parse_port(documents.child_text(protocol, "Port"))
    except UnusableDocument as error:
        yield str(error)
        return
    if (encryption.lower() == "tls" and port in IMPLICIT_TLS_PORTS) or (
        encryption.lower() == "ssl" and port in STARTTLS_PORTS
    ):
        yield f"Encryption {encryption} does not fit port {port}: Outlook waits without end"
