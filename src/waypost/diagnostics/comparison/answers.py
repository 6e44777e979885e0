"""Reading of answers: the services that a client would read, as values to compare.

Pure functions from bytes to values, for answers of automx2, Waypost and any other server.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.normalization import (
    expand_placeholders,
    normalize_host_or_url,
    normalize_login,
    parse_port,
    url_port,
)
from waypost.parsing import property_list, untrusted_xml

AnswerFormat = Literal["autoconfig", "autodiscover", "mobileconfig"]
AnswerOutcome = Literal["served", "nothing", "failed"]

ANSWER_MAX_BYTES: Final = 1024 * 1024
TEXT_MAX_CHARS: Final = 2048

_SECURITY: Final = {
    "ssl": "tls",
    "tls": "tls",
    "starttls": "starttls",
    "plain": "none",
    "none": "none",
}
_METHODS: Final = {"plain": "password-cleartext"}
_APPLE_METHODS: Final = {
    "EmailAuthPassword": "password-cleartext",
    "EmailAuthCRAMMD5": "password-encrypted",
    "EmailAuthNTLM": "NTLM",
    "EmailAuthHTTPMD5": "http-digest",
    "EmailAuthNone": "none",
}
_SECTIONS: Final = frozenset(
    {
        *("incomingServer", "outgoingServer", "calendar", "addressbook", "fileShare"),
        *("chatServer", "videoConference", "setupServer"),
    }
)
_DAV_PAYLOADS: Final = {
    "com.apple.caldav.account": ("caldav", "CalDAV"),
    "com.apple.carddav.account": ("carddav", "CardDAV"),
}
# automx2 answers 204 for an unknown domain, and 400 for a domain that it cannot serve.
_REFUSALS: Final = frozenset({204, 400, 404})
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")


class AnswerError(ValueError):
    """An answer cannot be read in its format; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class ParsedService:
    """One service as a client reads it. A value that the format does not contain is empty.

    Attributes:
        kind: `imap`, `pop3`, `smtp`, `caldav`, ….
        host_or_url: host name in lower case, or URL.
        port: 0 if there is none.
        security: `tls`, `starttls`, `none`, or `protected` if the format does not say which.
        methods: the authentication methods, the preferred one first.
        login: the login name with placeholders expanded.
    """

    kind: str
    host_or_url: str
    port: int = 0
    security: str = ""
    methods: tuple[str, ...] = ()
    login: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        port = f":{self.port}" if self.port else ""
        words = [self.kind, f"{self.host_or_url}{port}", self.security, " ".join(self.methods)]
        words += [f"login {self.login}"] if self.login else []
        return _UNPRINTABLE.sub("?", " ".join(word for word in words if word))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a server about one address in one format.

    Attributes:
        outcome: `nothing` for a refusal after which a client can continue or stop cleanly;
            `failed` for a broken answer.
        detail: the status or the reason, for people.
        services: in the order of the document.
        notes: peculiarities of form that do not change the meaning.
    """

    outcome: AnswerOutcome
    detail: str
    services: tuple[ParsedService, ...] = ()
    notes: frozenset[str] = frozenset()


def read_answer(
    answer_format: AnswerFormat, status: int, body: bytes, address: EmailAddress
) -> Answer:
    """Return what a response means.

    Args:
        answer_format: the format that was asked for.
        status: the HTTP status.
        body: the bytes received, at most `ANSWER_MAX_BYTES`.
        address: the address of the request; placeholders are expanded with it.
    """
    if status != 200:
        outcome: AnswerOutcome = "nothing" if status in _REFUSALS else "failed"
        return Answer(outcome, f"status {status}", notes=frozenset({"204"} & {str(status)}))
    if len(body) > ANSWER_MAX_BYTES:
        return Answer("failed", f"status 200, but longer than {ANSWER_MAX_BYTES} bytes")
    notes: set[str] = set()
    try:
        if answer_format == "autodiscover":
            root = _parse(body, "Autodiscover")
            code = next((_text(error, "ErrorCode") for error in _elements_named(root, "Error")), "")
            if code:
                return Answer("nothing", f"ErrorCode {code[:8]}")
            services = tuple(_autodiscover(root, address, notes))
        elif answer_format == "autoconfig":
            services = tuple(_autoconfig(_parse(body, "clientConfig"), address, notes))
        else:
            services = tuple(_mobileconfig(body, address))
    except AnswerError as error:
        return Answer("failed", f"status 200, but {error}")
    if not services:
        return Answer("nothing", "status 200 without services", notes=frozenset(notes))
    return Answer("served", "status 200", services, frozenset(notes))


def _parse(body: bytes, root_name: str) -> etree._Element:
    try:
        root = untrusted_xml.parse(body)
    except untrusted_xml.NotWellFormed as error:
        raise AnswerError("it is not well-formed XML") from error
    except untrusted_xml.HasDoctype as error:
        raise AnswerError("it has a document type definition") from error
    if _local_name(root) != root_name:
        raise AnswerError(f"its root is not {root_name}")
    return root


def _autoconfig(
    root: etree._Element, address: EmailAddress, notes: set[str]
) -> Iterator[ParsedService]:
    if len([element for element in root.iter() if _local_name(element) == "domain"]) > 1:
        notes.add("all domains")
    for section in root.iter():
        if _local_name(section) not in _SECTIONS:
            continue
        methods = [_text(child) for child in section if _local_name(child) == "authentication"]
        if "plain" in methods:
            notes.add("plain")
        socket_type = _text(section, "socketType")
        host, url = _text(section, "hostname"), _text(section, "url")
        yield ParsedService(
            kind=(section.get("type") or "")[:TEXT_MAX_CHARS].lower(),
            host_or_url=expand_placeholders(host, address).lower()
            or normalize_host_or_url(expand_placeholders(url, address)),
            port=parse_port(_text(section, "port")) or url_port(url),
            security=_SECURITY.get(socket_type.lower(), socket_type),
            methods=tuple(_METHODS.get(method, method) for method in methods),
            login=normalize_login(_text(section, "username"), address),
        )


def _autodiscover(
    root: etree._Element, address: EmailAddress, notes: set[str]
) -> Iterator[ParsedService]:
    for protocol in _elements_named(root, "Protocol"):
        ssl, encryption = _text(protocol, "SSL").lower(), _text(protocol, "Encryption").lower()
        kind, server = _text(protocol, "Type").lower(), _text(protocol, "Server")
        server = expand_placeholders(server, address)
        if not _text(protocol, "SPA") and "dav" not in kind:
            notes.add("no SPA")
        if encryption == "tls" and ssl == "off":
            notes.add("SSL off")
        # MS-OXDSCLI, element Encryption: if present, it overrides SSL.
        security = {"ssl": "tls", "tls": "starttls", "none": "none"}.get(encryption)
        yield ParsedService(
            kind=kind,
            host_or_url=normalize_host_or_url(server),
            port=parse_port(_text(protocol, "Port")) or url_port(server),
            security=security or ("none" if ssl == "off" else "tls"),
            login=normalize_login(_text(protocol, "LoginName"), address),
        )


def _unsigned(body: bytes) -> bytes:
    """Return the profile inside a signed one; return a property list unchanged."""
    if not body.startswith(b"\x30"):  # XML and binary property lists begin with other bytes
        return body
    from waypost.parsing import cms  # noqa: PLC0415 -- its library is large

    try:
        return cms.content_of(body)
    except cms.CmsError as error:
        raise AnswerError(f"its signature cannot be read: {error}") from error


def _mobileconfig(signed: bytes, address: EmailAddress) -> Iterator[ParsedService]:
    body = _unsigned(signed)
    if b"<!ENTITY" in body:
        raise AnswerError("it defines entities")
    try:
        profile = property_list.parse(body)
    except property_list.NotAPropertyList as error:
        raise AnswerError("it is not a property list") from error
    content = profile.get("PayloadContent") if isinstance(profile, dict) else None
    if not isinstance(content, list):
        raise AnswerError("it is not a profile")
    for payload in content:
        if not isinstance(payload, dict):
            raise AnswerError("a payload is not a dictionary")
        kind = payload.get("PayloadType")
        if kind == "com.apple.mail.managed":
            incoming = "pop3" if payload.get("EmailAccountType") == "EmailTypePOP" else "imap"
            yield _apple_mail(payload, "Incoming", incoming, address)
            yield _apple_mail(payload, "Outgoing", "smtp", address)
        elif isinstance(kind, str) and kind in _DAV_PAYLOADS:
            yield _apple_dav(payload, *_DAV_PAYLOADS[kind], address)


def _apple_mail(
    payload: Mapping[str, Any], direction: str, kind: str, address: EmailAddress
) -> ParsedService:
    prefix = f"{direction}MailServer"
    method = str(payload.get(f"{prefix}Authentication", ""))
    return ParsedService(
        kind=kind,
        host_or_url=expand_placeholders(str(payload.get(f"{prefix}HostName", "")), address).lower(),
        port=parse_port(str(payload.get(f"{prefix}PortNumber", ""))),
        security="protected" if payload.get(f"{prefix}UseSSL") else "none",
        methods=(_APPLE_METHODS.get(method, method),),
        login=normalize_login(str(payload.get(f"{prefix}Username", "")), address),
    )


def _apple_dav(
    payload: Mapping[str, Any], kind: str, prefix: str, address: EmailAddress
) -> ParsedService:
    url = expand_placeholders(str(payload.get(f"{prefix}PrincipalURL", "")), address)
    is_protected = bool(payload.get(f"{prefix}UseSSL"))
    port = parse_port(str(payload.get(f"{prefix}Port", "")))
    return ParsedService(
        kind=kind,
        host_or_url=normalize_host_or_url(url),
        port=port or (443 if is_protected else 80),
        security="protected" if is_protected else "none",
        login=normalize_login(str(payload.get(f"{prefix}Username", "")), address),
    )


def _elements_named(root: etree._Element, name: str) -> Iterator[etree._Element]:
    return (element for element in root.iter() if _local_name(element) == name)


def _text(element: etree._Element, name: str | None = None) -> str:
    differences_found = element
    if name is not None:
        child = next((child for child in element if _local_name(child) == name), None)
        if child is None:
            return ""
        differences_found = child
    return (differences_found.text or "").strip()[:TEXT_MAX_CHARS]


def _local_name(element: etree._Element) -> str:
    return etree.QName(element).localname
