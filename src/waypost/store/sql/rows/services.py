"""Convert rows of services in automx2's tables to values, and back.

Reading is tolerant, because automx2 checked nothing: invalid values are left out and reported.
Writing uses automx2's spellings (`pop`, `plain`, `SSL`), so that automx2 can read the rows as well.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import RowMapping

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import (
    DEFAULT_PRIORITY,
    DRAFT_METHODS,
    HOST_BASED,
    LDAP_PORTS,
    PASSWORD_CLEARTEXT,
    Authentication,
    AuthenticationSystem,
    HostEndpoint,
    Pop3Options,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
    default_authentication,
)
from waypost.core.text_rules import clean_text, is_never_text
from waypost.store.sql.rows.formats import formats_of, stored_formats

Row = RowMapping | Mapping[str, Any]

_TYPES: Final = {kind.value: kind for kind in ServiceType} | {"pop": ServiceType.POP3}
_SECURITY: Final = {
    "ssl": Security.TLS,
    "tls": Security.TLS,
    "starttls": Security.STARTTLS,
    "plain": Security.NONE,
    "none": Security.NONE,
}
_SOCKET_TYPE: Final = {
    Security.TLS: "SSL",
    Security.STARTTLS: "STARTTLS",
    Security.NONE: "plain",
}
_METHODS: Final = {method.method.lower(): method for method in DRAFT_METHODS} | {
    "plain": PASSWORD_CLEARTEXT
}
_TLS_PORTS: Final = frozenset({465, 993, 995})
_DEFAULT_PORT: Final = {"https": 443, "http": 80, **LDAP_PORTS}
SSL_SCHEMES: Final = frozenset({"https", "wss", "ldaps"})
"""Schemes for which the column `use_ssl` is true."""
METHOD_MAX_CHARS: Final = 32
METHODS_MAX_CHARS: Final = 512


class RowError(ValueError):
    """The error for a row with invalid values; the message says which."""


def service_from_server(row: Row) -> Service:
    """Return the service of a row of `server`.

    Raises:
        RowError: the type is not known, or the host or the port is invalid.
    """
    kind = _type(row)
    if kind not in HOST_BASED:
        raise RowError(f"type {row['type']!r} has no host; it belongs in the table davserver")
    host, port = _host(row["name"]), _port(row)
    if not 1 <= port <= 65535:
        raise RowError(f"port {port} is not between 1 and 65535")
    return Service(
        type=kind,
        endpoint=HostEndpoint(host, port, _security(row["socket_type"], port)),
        authentication=_authentication(row["authentication"], row["authentication_methods"]),
        login_name=clean_text(row["user_name"]) or None,
        priority=_priority(row["prio"]),
        domain_required=bool(row["domain_required"]),
        pop3=_pop3(row.get("pop3")) if kind is ServiceType.POP3 else None,
        formats=formats_of(row.get("formats")),
    )


def service_from_davserver(row: Row) -> Service:
    """Return the service of a row of `davserver`.

    Raises:
        RowError: the type is not known, or the URL is invalid.
    """
    kind = _type(row)
    if kind in HOST_BASED and kind is not ServiceType.XMPP:
        raise RowError(f"type {row['type']!r} has no URL; it belongs in the table server")
    stored, default = row["authentication_methods"], default_authentication(kind, has_url=True)
    return Service(
        type=kind,
        endpoint=UrlEndpoint(_url(kind, row["url"], _port(row), bool(row["use_ssl"]))),
        authentication=_methods(stored) if stored else (default,),
        login_name=clean_text(row["user_name"] or "") or None,
        priority=_priority(row["prio"]),
        domain_required=bool(row["domain_required"]),
        formats=formats_of(row.get("formats")),
    )


def server_row(service: Service, endpoint: HostEndpoint) -> dict[str, Any]:
    """Return a row of `server` for a host-based service, without its id."""
    first = service.authentication[0]
    is_single = len(service.authentication) == 1 and first.system is None
    return {
        "prio": DEFAULT_PRIORITY if service.priority is None else service.priority,
        "name": endpoint.host,
        "port": endpoint.port,
        "type": "pop" if service.type is ServiceType.POP3 else service.type.value,
        "socket_type": _SOCKET_TYPE[endpoint.security],
        "user_name": service.login_name or "",
        "authentication": _automx2_method(first)[:METHOD_MAX_CHARS],
        "authentication_methods": None if is_single else _stored_methods(service),
        "domain_required": service.domain_required,
        "pop3": None if service.pop3 is None else json.dumps(_pop3_values(service.pop3)),
        "formats": stored_formats(service.formats),
    }


def davserver_row(service: Service, endpoint: UrlEndpoint) -> dict[str, Any]:
    """Return a row of `davserver` for a URL-based service, without its id."""
    parts = urlsplit(endpoint.url)
    is_default = service.authentication == (default_authentication(service.type, has_url=True),)
    return {
        "url": endpoint.url,
        "port": _effective_port(parts.scheme, parts.port),
        "type": service.type.value,
        "use_ssl": parts.scheme.lower() in SSL_SCHEMES,
        "domain_required": service.domain_required,
        "user_name": service.login_name,
        "prio": DEFAULT_PRIORITY if service.priority is None else service.priority,
        "authentication_methods": None if is_default else _stored_methods(service),
        "formats": stored_formats(service.formats),
    }


def _type(row: Row) -> ServiceType:
    kind = _TYPES.get(str(row["type"]).strip().lower())
    if kind is None:
        raise RowError(f"type {row['type']!r} is not known")
    return kind


def _port(row: Row) -> int:
    """Return the port; SQLite stores a text even in a column of numbers."""
    try:
        return int(row["port"])
    except ValueError as error:
        raise RowError(f"port {row['port']!r} is not a number") from error


def is_known_socket_type(stored: str) -> bool:
    """Return whether automx2 or Waypost supports a value of `socket_type`."""
    return stored.strip().lower() in _SECURITY


def is_known_method(stored: str) -> bool:
    """Return whether a value of `authentication` is a method of Autoconfig or of a registry."""
    system, colon, _ = stored.partition(":")
    return stored.strip().lower() in _METHODS or bool(colon and system in set(AuthenticationSystem))


def _pop3_values(options: Pop3Options) -> dict[str, bool | int]:
    values = {name: getattr(options, name) for name in Pop3Options.__slots__}
    return {name: value for name, value in values.items() if value is not None}


def _pop3(stored: str | None) -> Pop3Options | None:
    """Return the options, or None if they were written by hand and are invalid."""
    try:
        values = json.loads(stored) if stored else None
        options = None if values is None else Pop3Options(**values)
    except (ValueError, TypeError, RecursionError):
        return None
    return options if values and all(isinstance(v, int) for v in values.values()) else None


def _host(stored: str) -> str:
    host = stored.strip()
    if not host or any(is_never_text(char) or char.isspace() for char in host):
        raise RowError(f"name {stored!r} is not a host")
    try:
        return host if "%" in host else DomainName.parse(host).ascii
    except DomainError:
        return host  # An IP address, or a name with an underscore; automx2 served it unchanged.


def _security(stored: str, port: int) -> Security:
    """Return the security of `socket_type`; an unknown value is guessed from the port."""
    known = _SECURITY.get(stored.strip().lower())
    if known is not None:
        return known
    return Security.TLS if port in _TLS_PORTS else Security.STARTTLS


def _authentication(first: str, stored: str | None) -> tuple[Authentication, ...]:
    """Return the methods of both columns; a change of automx2's column overrides the list."""
    old = _METHODS.get(first.strip().lower(), PASSWORD_CLEARTEXT)
    if not stored:
        return (old,)
    methods = _methods(stored)
    return methods if _automx2_method(methods[0])[:METHOD_MAX_CHARS] == first else (old,)


def _methods(stored: str) -> tuple[Authentication, ...]:
    methods = tuple(_method(text) for text in stored.split())
    return methods or (PASSWORD_CLEARTEXT,)


def _method(text: str) -> Authentication:
    system, colon, name = text.partition(":")
    if colon and system in set(AuthenticationSystem):
        return Authentication(name, AuthenticationSystem(system))
    return _METHODS.get(text.lower(), Authentication(text))


def _stored_methods(service: Service) -> str:
    return " ".join(str(method) for method in service.authentication)


def _automx2_method(method: Authentication) -> str:
    return "plain" if method == PASSWORD_CLEARTEXT else str(method)


def _url(kind: ServiceType, stored: str, port: int, use_ssl: bool) -> str:
    """Return the URL with the port of the column `port`, and with a scheme."""
    schemes = ("ldap", "ldaps") if kind is ServiceType.LDAP else ("http", "https", "ws", "wss")
    url = "".join(char for char in stored if not is_never_text(char) and not char.isspace())
    if url and "://" not in url and not url.startswith("/"):
        url = f"{schemes[use_ssl]}://{url}"
    try:
        parts = urlsplit(url)
        own_port = parts.port
    except ValueError as error:
        raise RowError(f"url {stored!r} is not a URL") from error
    if parts.scheme.lower() not in schemes or not parts.hostname:
        raise RowError(f"url {stored!r} is not an absolute URL")
    if 1 <= port <= 65535 and port != _effective_port(parts.scheme, own_port):
        if own_port is None:
            netloc = f"{parts.netloc.removesuffix(':')}:{port}"
        else:
            netloc = f"{parts.netloc.rpartition(':')[0]}:{port}"
        return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))
    return url


def _effective_port(scheme: str, port: int | None) -> int:
    return port or _DEFAULT_PORT.get(scheme.lower().replace("ws", "http", 1), 443)


def _priority(stored: int) -> int | None:
    return None if stored == DEFAULT_PRIORITY else max(0, stored)
