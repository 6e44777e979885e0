"""PACC: draft-ietf-mailmaint-pacc-02, with the one name that revision -03 changed.

One JSON document per domain, the same for all its users. Its digest is in DNS, so every change
of a byte needs a change of the zone as well. Until then, the old document is pinned.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from waypost.core.errors import NoUsableService
from waypost.core.model import (
    EMAIL_ADDRESS,
    OAUTH2,
    ClientConfig,
    Format,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.core.placeholders import expand_url, has_placeholder, shared_url
from waypost.formats.host_check import host_name_problem
from waypost.formats.pacc.info import NAME_MAX_CHARS, info
from waypost.formats.password_methods import accepts_password

REVISION: Final = "draft-ietf-mailmaint-pacc-02"
CONTENT_TYPE: Final = "application/json"
HOST_PREFIX: Final = "ua-auto-config."
"""The prefix of the mail domain in the document's URL."""
TXT_PREFIX: Final = "_ua-auto-config."
"""The prefix of the mail domain in the name of the digest record."""

# The tags of the digest record with its version and its algorithm.
_VERSION: Final = ("v", "UAAC1")
_ALGORITHM: Final = ("a", "sha256")

# s"protocols": text-based protocols use TLS from the first byte on this port; there is no member
# for another port or for STARTTLS.
_PORTS: Final = {
    ServiceType.IMAP: 993,
    ServiceType.POP3: 995,
    ServiceType.SMTP: 465,
    ServiceType.MANAGESIEVE: 4190,
}
# RFC 6764 s6: clients of these two ask the root for the principal of their user.
_DAV: Final = frozenset({ServiceType.CALDAV, ServiceType.CARDDAV})
_HTTP: Final = frozenset({*_DAV, ServiceType.JMAP, ServiceType.WEBDAV})
# Revision -02 has "smtp", -03 has "submit". Clients ignore unknown names, so both are written.
_NAMES: Final = {ServiceType.SMTP: ("smtp", "submit")}
_INCOMING: Final = (ServiceType.IMAP, ServiceType.POP3)
_MAIL: Final = frozenset({*_INCOMING, ServiceType.SMTP, ServiceType.JMAP})
MAX_BYTES: Final = 65_535
"""The draft has no limit. This is the size of MariaDB's column for a pinned document."""


def render(config: ClientConfig) -> bytes:
    """Return the document that is served for a domain: the pinned one, or else that of `compose`.

    Raises:
        NoUsableService: no document is pinned, and none can be written.
    """
    return compose(config) if config.pinned_pacc is None else config.pinned_pacc


def compose(config: ClientConfig) -> bytes:
    """Return the document for the current services, even if another document is pinned.

    The digest is that of exactly these bytes.

    Args:
        config: the configuration of the domain: the document is the same for all users.

    Raises:
        NoUsableService: the services that PACC can express do not make a mail account; the
            message says why.
    """
    config = config.for_format(Format.PACC)
    services = dict(_expressible(config))
    if not _is_account(services):
        has_mail = bool(config.of_type(*_MAIL))
        why = "; ".join(findings(config)) if has_mail else "it has no mail account"
        raise NoUsableService(f"{config.domain} cannot be described by PACC: {why}")
    document = _document(config, services)
    if (size_problem := _size_problem(document)) is not None:
        raise NoUsableService(f"{config.domain} cannot be described by PACC: {size_problem}")
    return document


def _document(config: ClientConfig, services: Mapping[ServiceType, Service]) -> bytes:
    protocols = {
        name: _server(service)
        for kind, service in services.items()
        for name in _NAMES.get(kind, (kind.value,))
    }
    document = {
        "authentication": _authentication(config, services.values()),
        "info": info(config),
        "protocols": protocols,
    }
    # s"DNS": the digest is of these bytes, so their order never changes. RFC 8259 s8.1: UTF-8.
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _size_problem(document: bytes) -> str | None:
    if len(document) <= MAX_BYTES:
        return None
    return (
        f"the document would have {len(document)} bytes, more than {MAX_BYTES}; "
        "configure fewer logos, contacts or help pages"
    )


def digest_record(body: bytes) -> str:
    """Return the text of the TXT record with the digest of a document (s"DNS")."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    return f"{_VERSION[0]}={_VERSION[1]}; {_ALGORITHM[0]}={_ALGORITHM[1]}; d={digest}"


def has_digest(record: str, body: bytes) -> bool:
    """Return whether a TXT record has the digest of a document, as strict clients check it.

    Args:
        record: the strings of the record, joined.
        body: the document.
    """
    # s"DNS": tags separated by semicolons, their names in any case; the first of a name counts.
    tags: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    if any(tags.get(name) != value for name, value in (_VERSION, _ALGORITHM)):
        return False
    try:
        digest = base64.b64decode(tags.get("d", ""), validate=True)
    except ValueError:
        return False
    return digest == hashlib.sha256(body).digest()


def findings(config: ClientConfig) -> tuple[str, ...]:
    """Return one line for each part of a domain that PACC cannot express, with the reason.

    A service has no line if the document has another service of its type. If the mail account is
    incomplete without the missing parts, there is no document at all: see `render`.

    Args:
        config: the configuration of the domain.
    """
    config = config.for_format(Format.PACC)
    services = dict(_expressible(config))
    lines = [
        f"{service.type} at {_location(service)}: {reason}"
        for service in config.of_type(*_PORTS, *_HTTP)
        if service.type not in services and (reason := _obstacle(service, config))
    ]
    types = {service.type for service in config.of_type(*_MAIL)}
    if types and not _is_account(types):
        lines.append("there is no pair of an incoming and an outgoing mail service")
    if len(config.provider.name) > NAME_MAX_CHARS:
        limit = f"longer than {NAME_MAX_CHARS} characters"
        lines.append(f"the provider's name is {limit}; the document has its short name instead")
    if _is_account(services) and (why := _size_problem(_document(config, services))) is not None:
        lines.append(why)
    return tuple(lines)


def _expressible(config: ClientConfig) -> Iterator[tuple[ServiceType, Service]]:
    """Yield one service of each type: the most preferred one that PACC can express."""
    seen: set[ServiceType] = set()
    for service in config.of_type(*_PORTS, *_HTTP):
        if service.type not in seen and _obstacle(service, config) is None:
            seen.add(service.type)
            yield service.type, service


def _is_account(types: Collection[ServiceType]) -> bool:
    if ServiceType.JMAP in types:
        return True
    return ServiceType.SMTP in types and any(kind in types for kind in _INCOMING)


def _obstacle(service: Service, config: ClientConfig) -> str | None:
    """Return why PACC cannot express a service, or None."""
    endpoint = service.endpoint
    if isinstance(endpoint, UrlEndpoint):
        reason = _url_obstacle(_url(service.type, endpoint.url))
    else:
        reason = _host_obstacle(endpoint, _PORTS.get(service.type))
    if reason is not None:
        return reason
    # s"authentication": there is no member for a user name; it is the whole address.
    if service.login_name not in {EMAIL_ADDRESS, f"%EMAILLOCALPART%@{config.domain}"}:
        return "its login name is not the email address"
    if config.provider.subaddress_separators:
        return "its login name leaves out the detail of a sub-address"
    if config.has_directory:
        return "its login name comes from a directory, and may differ from the email address"
    if not accepts_password(service) and not (_accepts_oauth2(service) and _issuer(config)):
        return "it accepts neither a password nor OAuth2 with a known issuer"
    return None


def _host_obstacle(endpoint: HostEndpoint, port: int | None) -> str | None:
    if endpoint.security is not Security.TLS:
        return "it does not use TLS from the first byte"
    if endpoint.port != port:
        return f"its port is {endpoint.port}, not {port}"
    return host_name_problem(endpoint.host)


def _url(kind: ServiceType, url: str) -> str | None:
    """Return the URL for all users; for CalDAV and CardDAV the common root, as in DNS."""
    return shared_url(url) if kind in _DAV else url


def _url_obstacle(url: str | None) -> str | None:
    if url is None:
        return "its host differs from user to user"
    if has_placeholder(url):
        return "its URL differs from user to user"
    parts = urlsplit(url)
    if parts.scheme.lower() != "https":
        return "its URL is not https"
    if ":" in parts.netloc.rpartition("]")[2]:
        # s"protocols": not even 443, nor an empty one.
        return "its URL names a port"
    return host_name_problem(parts.hostname or "")


def _server(service: Service) -> dict[str, str]:
    endpoint = service.endpoint
    if isinstance(endpoint, HostEndpoint):
        return {"host": endpoint.host}
    return {"url": _url(service.type, endpoint.url) or endpoint.url}


def _location(service: Service) -> str:
    endpoint = service.endpoint
    if isinstance(endpoint, UrlEndpoint):
        return endpoint.url
    return f"{endpoint.host}:{endpoint.port}"


def _authentication(config: ClientConfig, services: Collection[Service]) -> dict[str, object]:
    # s"authentication": `password` is required.
    members: dict[str, object] = {
        "password": any(accepts_password(service) for service in services)
    }
    issuer = _issuer(config)
    if issuer is not None and any(_accepts_oauth2(service) for service in services):
        members["oauth-public"] = {"issuer": issuer}
    return members


def _accepts_oauth2(service: Service) -> bool:
    bearers = {"OAUTHBEARER", "XOAUTH2", "Bearer"}
    return any(method == OAUTH2 or method.method in bearers for method in service.authentication)


def _issuer(config: ClientConfig) -> str | None:
    """Return the first valid issuer: an https URL without a query and a fragment."""
    configured = (oauth2.issuer for oauth2 in config.provider.oauth2 if oauth2.issuer is not None)
    issuers = (expand_url(issuer, config.domain, None) for issuer in configured)
    return next((issuer for issuer in issuers if _is_issuer(issuer)), None)


def _is_issuer(url: str) -> bool:
    # RFC 8414 s2: https, no query, no fragment.
    is_one = url.lower().startswith("https://") and not {"?", "#"} & set(url)
    return is_one and not has_placeholder(url)
