"""Warnings about rows that can be served, but whose columns contradict each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from waypost.model import Format, HostEndpoint, Security, ServiceType, UrlEndpoint
from waypost.store.sql import rows
from waypost.store.sql.away import away_of
from waypost.store.sql.format_words import formats_of, unknown_words

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


@dataclass(frozen=True, slots=True)
class Doubt:
    """A warning about a row.

    Attributes:
        problem: the values that contradict each other.
        effect: how Waypost reads them.
    """

    problem: str
    effect: str


def of_server(row: rows.Row) -> Iterator[Doubt]:
    """Yield warnings about a row of `server` that `rows.service_from_server` can read."""
    service = rows.service_from_server(row)
    endpoint = service.endpoint
    if not isinstance(endpoint, HostEndpoint):
        return
    stored = row["socket_type"]
    if not rows.is_known_socket_type(stored):
        problem = f"socket_type {stored!r} is not known"
        yield Doubt(problem, f"read as {endpoint.security.value}, because of the port")
    usual = _PORTS.get(endpoint.port)
    if usual is not None:
        kind, is_tls = usual
        if kind is not service.type:
            problem = f"port {endpoint.port} is for {kind.value}, but type is {row['type']!r}"
            yield Doubt(problem, "served unchanged")
        elif is_tls is not (endpoint.security is Security.TLS):
            used = "TLS from the start" if is_tls else "a connection that begins without TLS"
            problem = f"port {endpoint.port} is for {used}, but socket_type is {stored!r}"
            yield Doubt(problem, "served unchanged")
    if not rows.is_known_method(row["authentication"]):
        problem = f"authentication {row['authentication']!r} is not known"
        yield Doubt(problem, f"read as {service.authentication[0]}")
    yield from _formats(row)


def of_davserver(row: rows.Row) -> Iterator[Doubt]:
    """Yield warnings about a row of `davserver` that `rows.service_from_davserver` can read."""
    endpoint = rows.service_from_davserver(row).endpoint
    if not isinstance(endpoint, UrlEndpoint):
        return
    stored, parts = row["url"].strip(), urlsplit(endpoint.url)
    effect = f"read as {endpoint.url}"
    if "://" not in stored:
        yield Doubt(f"url {stored!r} has no scheme", effect)
    elif bool(row["use_ssl"]) is not (parts.scheme.lower() in rows.SSL_SCHEMES):
        problem = f"url {stored!r} and use_ssl {row['use_ssl']} contradict each other"
        yield Doubt(problem, effect)
    own_port = urlsplit(stored).port if "://" in stored else None
    if own_port is not None and parts.port != own_port:
        yield Doubt(f"url {stored!r} and port {row['port']} contradict each other", effect)
    yield from _formats(row)


def _formats(row: rows.Row) -> Iterator[Doubt]:
    """Yield a warning about unknown formats of a service."""
    stored = row.get("formats")
    if unknown := unknown_words(stored):
        known = ", ".join(form.value for form in Format if form in formats_of(stored))
        yield Doubt(f"formats {' '.join(unknown)!r} is not known", f"described in {known}")


def of_domain(row: rows.Row) -> Iterator[Doubt]:
    """Yield a warning about an invalid redirect of a row of `domain`."""
    address, url = row["redirect_address"], row["redirect_url"]
    if away_of(address, url, bool(row["declined"])) is not None:
        return
    effect = "served without a redirect"
    if address:
        yield Doubt(f"redirect_address {address!r} is not a domain", effect)
    elif url:
        yield Doubt(f"redirect_url {url!r} is not an https URL", effect)
