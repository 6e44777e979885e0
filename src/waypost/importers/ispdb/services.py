"""Convert the server sections of an Autoconfig document to services."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from lxml import etree

from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    DRAFT_METHODS,
    HTTP_BASIC,
    HTTP_DIGEST,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    Authentication,
    AuthenticationSystem,
    HostEndpoint,
    Pop3Options,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
    without_general_name,
)
from waypost.core.text_rules import trimmed
from waypost.importers.import_result import ImportNotes
from waypost.importers.ispdb.pop3 import read_pop3
from waypost.importers.ispdb.xml import children, line_of, local_name, tag_name, text_of
from waypost.providers_file.models.service_rules import HTTP_SCHEME, SASL_MECHANISM
from waypost.providers_file.ports import PORT_MAX, corrected_security
from waypost.providers_file.validators import (
    RuleBroken,
    check_host,
    check_login_name,
    check_url,
    is_same_for_all,
    unknown_placeholder,
)

_INCOMING: Final = {
    "imap": ServiceType.IMAP,
    "pop3": ServiceType.POP3,
    "jmap": ServiceType.JMAP,
    "ews": ServiceType.EWS,
    "activesync": ServiceType.ACTIVESYNC,
    "graph": ServiceType.GRAPH,
}
SECTIONS: Final[Mapping[str, Mapping[str, ServiceType]]] = {
    "incomingserver": _INCOMING,
    "outgoingserver": {"smtp": ServiceType.SMTP},
    "calendar": {"caldav": ServiceType.CALDAV},
    "addressbook": {"carddav": ServiceType.CARDDAV},
    "fileshare": {"webdav": ServiceType.WEBDAV},
    "chatserver": {
        "xmpp": ServiceType.XMPP,
        "xmpptcp": ServiceType.XMPP,
        "matrix": ServiceType.MATRIX,
    },
    "videoconference": {"opentalk": ServiceType.OPENTALK},
    "setupserver": {"managesieve": ServiceType.MANAGESIEVE},
}
_T = TypeVar("_T", int, str)
_HOST_TYPES: Final = frozenset({"imap", "pop3", "smtp", "xmpptcp", "managesieve"})
_SECURITIES: Final = {
    "ssl": Security.TLS,
    "tls": Security.TLS,
    "starttls": Security.STARTTLS,
    "plain": Security.NONE,
    "none": Security.NONE,
}
_METHODS: Final = {method.method.lower(): method for method in DRAFT_METHODS} | {
    # Spellings of version 1.0, of drafts and of KMail.
    "plain": PASSWORD_CLEARTEXT,
    "secure": PASSWORD_ENCRYPTED,
    "oauth": OAUTH2,
    "client-ip-based": CLIENT_IP_ADDRESS,
    "http-basic": HTTP_BASIC,
    "http-digest": HTTP_DIGEST,
}
# A placeholder that lacks one of its two % characters.
_UNCLOSED: Final = re.compile(
    "%(EMAIL(?:ADDRESS|LOCALPART|DOMAIN))|(EMAIL(?:ADDRESS|LOCALPART|DOMAIN))%", re.IGNORECASE
)
_METHODS_MAX: Final = 16
_URLS: Final = {
    "url": "url",
    "serverurl": "url",
    "ewsurl": "ews",
    "easurl": "activesync",
}
_UNSUPPORTED: Final = {
    "owaurl": "use the key webmail instead",
    "password": "a password must not be in a public document",
    "useglobalpreferredserver": "each domain has its own outgoing service",
    "addthisserver": "each domain has its own outgoing service",
    "restriction": "no client supports this element",
}


@dataclass(slots=True)
class _Section:
    """The content of a section, before the check whether Waypost can serve it."""

    hosts: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    securities: list[Security] = field(default_factory=list)
    urls: dict[str, list[str]] = field(default_factory=dict)
    methods: list[Authentication] = field(default_factory=list)
    login_names: list[str] = field(default_factory=list)
    pop3: Pop3Options | None = None
    problem: str | None = None


def read_section(element: etree._Element, notes: ImportNotes) -> list[Service]:
    """Read a section: one service for each of its socket types or URLs, none if it is not usable.

    What is left out gets a note.
    """
    kind = (element.get("type") or "").strip().lower()
    types = SECTIONS[local_name(element)]
    is_exchange = kind == "exchange" and types is _INCOMING
    name = f"{tag_name(element)} type {kind[:40] or 'that is missing'}"
    if kind not in types and not is_exchange:
        notes.leave_out(line_of(element), name, "Waypost does not support this service")
        return []
    section = _Section()
    for part in children(element):
        _read_part(part, section, notes, kind)
    if section.problem is None and not section.methods:
        section.problem = "there is no authentication method that can be served"
    if section.problem is not None:
        notes.leave_out(line_of(element), name, section.problem)
        return []
    if is_exchange:
        services = list(_exchange_services(element, section, notes))
    elif kind in _HOST_TYPES:
        services = list(_host_services(element, types[kind], section, notes))
    else:
        services = list(_url_services(types[kind], section))
    if not services:
        notes.leave_out(
            line_of(element), name, f"has no {_missing_elements(section, kind)} that can be used"
        )
    return services


def _missing_elements(section: _Section, kind: str) -> str:
    """Return the names of the elements that a section lacks."""
    if kind not in _HOST_TYPES:
        return "ewsURL and no easURL" if kind == "exchange" else "URL"
    parts = {
        "hostname": section.hosts,
        "port": section.ports,
        "socketType": section.securities,
    }
    return " and no ".join(name for name, values in parts.items() if not values)


def _host_services(
    element: etree._Element, kind: ServiceType, section: _Section, notes: ImportNotes
) -> Iterator[Service]:
    if not (section.hosts and section.ports):
        return
    host, port = section.hosts[0], section.ports[0]
    for configured in section.securities:
        security, why = corrected_security(port, configured)
        if why is not None:
            notes.warn(line_of(element), f"{tag_name(element)} {host}:{port}", why)
        if security is Security.NONE:
            why = "passwords and mail can be read on the network"
            notes.warn(
                line_of(element), f"{tag_name(element)} {host}:{port} without protection", why
            )
        yield _service(kind, HostEndpoint(host, port, security), section)


def _url_services(kind: ServiceType, section: _Section) -> Iterator[Service]:
    for url in section.urls.get("url", []) + section.urls.get(kind.value, []):
        yield _service(kind, UrlEndpoint(url), section)


def _exchange_services(
    element: etree._Element, section: _Section, notes: ImportNotes
) -> Iterator[Service]:
    for kind in (ServiceType.EWS, ServiceType.ACTIVESYNC):
        for url in section.urls.get(kind.value, []):
            yield _service(kind, UrlEndpoint(url), section)
    if section.hosts:
        why = "for type exchange only ewsURL and easURL are imported, as ews and activesync"
        notes.leave_out(line_of(element), "hostname, port, socketType", why)


def _service(kind: ServiceType, endpoint: HostEndpoint | UrlEndpoint, section: _Section) -> Service:
    methods = tuple(section.methods)
    if isinstance(endpoint, UrlEndpoint):
        methods = without_general_name(methods)
    login_name = section.login_names[0] if section.login_names else None
    pop3 = section.pop3 if kind is ServiceType.POP3 else None
    return Service(kind, endpoint, methods, login_name or None, pop3=pop3)


def _read_part(part: etree._Element, section: _Section, notes: ImportNotes, kind: str) -> None:
    tag, line = local_name(part), line_of(part)
    try:
        if tag == "hostname":
            _set_once(part, section.hosts, check_host(text_of(part)), notes)
        elif tag == "port":
            _set_once(part, section.ports, _port(text_of(part)), notes)
        elif tag == "username":
            _set_once(part, section.login_names, _login_name(part, notes), notes)
        elif tag in _URLS:
            section.urls.setdefault(_URLS[tag], []).append(_url(part, notes))
        elif tag == "sockettype":
            _security(part, section, notes)
        elif tag == "authentication":
            _method(part, section, notes)
        elif tag == "pop3" and kind == "pop3":
            section.pop3 = read_pop3(part, notes)
        else:
            why = _UNSUPPORTED.get(tag, "Waypost does not support this element")
            notes.leave_out(line, tag_name(part), why)
    except RuleBroken as problem:
        section.problem = section.problem or f"its {tag_name(part)} (line {line}) {problem}"


def _set_once(part: etree._Element, values: list[_T], value: _T, notes: ImportNotes) -> None:
    if values:
        why = "appears twice; Waypost uses the first one"
        notes.leave_out(line_of(part), tag_name(part), why)
    else:
        values.append(value)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= PORT_MAX):
        raise RuleBroken(f"must be a number from 1 to {PORT_MAX}")
    return int(text)


def _login_name(part: etree._Element, notes: ImportNotes) -> str:
    text = check_login_name(trimmed(text_of(part)))
    if match := _UNCLOSED.fullmatch(text):
        # Seen in the ISPDB: office365.com has %EMAILADDRESS in one section.
        placeholder = f"%{match[1] or match[2]}%"
        notes.warn(line_of(part), tag_name(part), f"{text!r} is read as {placeholder}")
        return placeholder
    if unknown := unknown_placeholder(text):
        why = f"{unknown} is not a placeholder; clients receive it unchanged"
        notes.warn(line_of(part), tag_name(part), why)
    elif text and is_same_for_all(text):
        notes.warn(line_of(part), tag_name(part), f"{text!r} is the login name of all users")
    return text


def _url(part: etree._Element, notes: ImportNotes) -> str:
    url = check_url(text_of(part))
    if url.lower().startswith("http:"):
        why = "is not encrypted; passwords can be read on the network"
        notes.warn(line_of(part), tag_name(part), why)
    return url


def _security(part: etree._Element, section: _Section, notes: ImportNotes) -> None:
    security = _SECURITIES.get(text_of(part).lower())
    if security is None:
        notes.leave_out(line_of(part), tag_name(part), "must be SSL, STARTTLS or plain")
    elif security in section.securities:
        notes.leave_out(line_of(part), tag_name(part), "appears twice")
    else:
        section.securities.append(security)


def _method(part: etree._Element, section: _Section, notes: ImportNotes) -> None:
    text, system = text_of(part), (part.get("system") or "").strip().lower()
    method = None if system else _METHODS.get(text.lower())
    if system == "http" and HTTP_SCHEME.fullmatch(text):
        known = {"basic": HTTP_BASIC, "digest": HTTP_DIGEST}
        method = known.get(text.lower(), Authentication(text, AuthenticationSystem.HTTP))
    elif system == "sasl" and SASL_MECHANISM.fullmatch(text.upper()):
        method = Authentication(text.upper(), AuthenticationSystem.SASL)
    if method is None:
        notes.leave_out(line_of(part), f"authentication {text[:40]}", "is not a known method")
    elif method in section.methods:
        notes.leave_out(line_of(part), f"authentication {text[:40]}", "appears twice")
    elif len(section.methods) == _METHODS_MAX:
        notes.leave_out(line_of(part), f"authentication {text[:40]}", "is over the limit")
    else:
        section.methods.append(method)
