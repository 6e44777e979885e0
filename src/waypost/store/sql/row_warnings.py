"""Warnings about rows that can be served, but whose columns contradict each other."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from waypost.core.model import Format, HostEndpoint, Security, ServiceType, UrlEndpoint
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.row_codes import row_diagnostic
from waypost.store.sql.rows import services
from waypost.store.sql.rows.formats import formats_of, unknown_formats
from waypost.store.sql.rows.redirects import alias_domain, redirect_of

# IANA's registry of ports: which ports are for TLS from the first byte.
_PORTS: Final = {
    143: (ServiceType.IMAP, False),
    993: (ServiceType.IMAP, True),
    110: (ServiceType.POP3, False),
    995: (ServiceType.POP3, True),
    25: (ServiceType.SMTP, False),
    587: (ServiceType.SMTP, False),
    465: (ServiceType.SMTP, True),
}
_UNCHANGED: Final = "served unchanged"


def server_warnings(row: services.Row) -> Iterator[Diagnostic]:
    """Yield warnings about a row of `server` that `rows.service_from_server` can read."""
    service = services.service_from_server(row)
    endpoint = service.endpoint
    if not isinstance(endpoint, HostEndpoint):
        return
    stored = row["socket_type"]
    if not services.is_known_socket_type(stored):
        problem = f"socket_type {stored!r} is not known"
        effect = f"read as {endpoint.security.value}, because of the port"
        yield row_diagnostic("db-socket-type", "server", row["id"], problem, effect)
    assigned_use = _PORTS.get(endpoint.port)
    if assigned_use is not None:
        kind, is_tls = assigned_use
        if kind is not service.type:
            problem = f"port {endpoint.port} is for {kind.value}, but type is {row['type']!r}"
            yield row_diagnostic("db-port-type", "server", row["id"], problem, _UNCHANGED)
        elif is_tls is not (endpoint.security is Security.TLS):
            expected = "TLS from the start" if is_tls else "a connection that begins without TLS"
            problem = f"port {endpoint.port} is for {expected}, but socket_type is {stored!r}"
            yield row_diagnostic("db-port-security", "server", row["id"], problem, _UNCHANGED)
    if not services.is_known_method(row["authentication"]):
        problem = f"authentication {row['authentication']!r} is not known"
        effect = f"read as {service.authentication[0]}"
        yield row_diagnostic("db-authentication", "server", row["id"], problem, effect)
    yield from _formats("server", row)


def davserver_warnings(row: services.Row) -> Iterator[Diagnostic]:
    """Yield warnings about a row of `davserver` that `rows.service_from_davserver` can read."""
    endpoint = services.service_from_davserver(row).endpoint
    if not isinstance(endpoint, UrlEndpoint):
        return
    stored, parts = row["url"].strip(), urlsplit(endpoint.url)
    effect = f"read as {endpoint.url}"
    if "://" not in stored:
        problem = f"url {stored!r} has no scheme"
        yield row_diagnostic("db-url-scheme", "davserver", row["id"], problem, effect)
    elif bool(row["use_ssl"]) is not (parts.scheme.lower() in services.SSL_SCHEMES):
        problem = f"url {stored!r} and use_ssl {row['use_ssl']} contradict each other"
        yield row_diagnostic("db-url-ssl", "davserver", row["id"], problem, effect)
    own_port = urlsplit(stored).port if "://" in stored else None
    if own_port is not None and parts.port != own_port:
        problem = f"url {stored!r} and port {row['port']} contradict each other"
        yield row_diagnostic("db-url-port", "davserver", row["id"], problem, effect)
    yield from _formats("davserver", row)


def _formats(table: str, row: services.Row) -> Iterator[Diagnostic]:
    """Yield a warning about unknown formats of a service."""
    stored = row.get("formats")
    if unknown := unknown_formats(stored):
        known = ", ".join(form.value for form in Format if form in formats_of(stored))
        problem = f"formats {' '.join(unknown)!r} is not known"
        yield row_diagnostic("db-formats", table, row["id"], problem, f"described in {known}")


def domain_warnings(row: services.Row) -> Iterator[Diagnostic]:
    """Yield warnings about an invalid redirect or alias of a row of `domain`."""
    if (stored := row["alias_of"]) and alias_domain(stored) is None:
        problem, effect = f"alias_of {stored!r} is not a domain", "served as if it were no alias"
        yield row_diagnostic("db-alias", "domain", row["id"], problem, effect)
    address, url = row["redirect_address"], row["redirect_url"]
    if redirect_of(address, url, bool(row["declined"])) is not None:
        return
    effect = "served without a redirect"
    if address:
        problem = f"redirect_address {address!r} is not a domain"
    elif url:
        problem = f"redirect_url {url!r} is not an https URL"
    else:
        return
    yield row_diagnostic("db-redirect", "domain", row["id"], problem, effect)
