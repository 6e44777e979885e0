"""SRV records for the services of a domain, and TXT records with their paths."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

from waypost.core.model import (
    ClientConfig,
    Format,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.core.placeholders import shared_url
from waypost.formats.dns.records import NOT_OFFERED, STRING_MAX_BYTES, Data, ServiceAt, Text
from waypost.formats.host_check import why_no_name

# RFC 6186 s3.1 to s3.3, RFC 8314 s5.1: one label for TLS from the first byte, and one without.
_MAIL: Final = {
    (ServiceType.IMAP, True): "_imaps._tcp",
    (ServiceType.IMAP, False): "_imap._tcp",
    (ServiceType.POP3, True): "_pop3s._tcp",
    (ServiceType.POP3, False): "_pop3._tcp",
    (ServiceType.SMTP, True): "_submissions._tcp",
    (ServiceType.SMTP, False): "_submission._tcp",
}
_SECTIONS: Final = ((ServiceType.IMAP, ServiceType.POP3), (ServiceType.SMTP,))
_OTHERS: Final = {
    # RFC 5804 s1.8: there is no label for TLS from the first byte.
    (ServiceType.MANAGESIEVE, False): "_sieve._tcp",
    # XEP-0368 s3, RFC 6120 s3.2.1.
    (ServiceType.XMPP, True): "_xmpps-client._tcp",
    (ServiceType.XMPP, False): "_xmpp-client._tcp",
}
_LABELS: Final = _MAIL | _OTHERS
# RFC 6764 s3.
_DAV: Final = {
    (ServiceType.CALDAV, "https"): "_caldavs._tcp",
    (ServiceType.CALDAV, "http"): "_caldav._tcp",
    (ServiceType.CARDDAV, "https"): "_carddavs._tcp",
    (ServiceType.CARDDAV, "http"): "_carddav._tcp",
}
_WEB_PORTS: Final = {"https": 443, "http": 80}
# A gap between two priorities, so that an operator can insert other records.
_STEP: Final = 10
_PRIORITY_MAX: Final = 65535

Labelled = Iterator[tuple[str, Data]]


def located(config: ClientConfig, left_out: list[str]) -> Labelled:
    """Yield labels below the domain, with the data of their records.

    Args:
        config: the configuration of the domain.
        left_out: gets a line for each service that SRV records cannot express.
    """
    shown = config.within(Format.DNS)
    if shown.of_type(ServiceType.JMAP, *(kind for kind, _ in _MAIL)):
        for section in _SECTIONS:
            yield from _hosts(shown, section, left_out)
            # "Not offered" would be wrong for a service that is only excluded from DNS.
            yield from _silent(config, section)
    for kind in dict.fromkeys(kind for kind, _ in _OTHERS):
        yield from _hosts(shown, (kind,), left_out)
    for (kind, scheme), label in _DAV.items():
        yield from _dav(shown.of_type(kind), scheme, label, left_out)
    yield from _jmap(shown, left_out)


def _hosts(config: ClientConfig, section: tuple[ServiceType, ...], left_out: list[str]) -> Labelled:
    """Yield the records of services with the same purpose, the preferred one first."""
    # RFC 6186 s3.4: priorities also say which of IMAP and POP3 is preferred.
    seen: set[tuple[str, str, int]] = set()
    for service, endpoint in _in_order(config, section):
        label = _label(service, endpoint)
        if label is None:
            left_out.append(f"{_shown(service)}: there is no SRV label for TLS from the first byte")
            continue
        place = (label, endpoint.host, endpoint.port)
        if place not in seen and _is_target(service, endpoint.host, left_out):
            yield label, _at(len(seen), endpoint.port, endpoint.host)
            seen.add(place)


def _silent(config: ClientConfig, section: tuple[ServiceType, ...]) -> Labelled:
    """Yield a "not offered" record for each kind of mail service that is not configured."""
    offered = {_label(*pair) for pair in _in_order(config, section)}
    for (kind, _), label in _MAIL.items():
        if kind in section and label not in offered:
            # RFC 6186 s3.4: a target of "." says that there is no such service.
            yield label, ServiceAt(0, 0, 0, NOT_OFFERED)


def _label(service: Service, endpoint: HostEndpoint) -> str | None:
    return _LABELS.get((service.type, endpoint.security is Security.TLS))


def _in_order(
    config: ClientConfig, section: tuple[ServiceType, ...]
) -> Iterator[tuple[Service, HostEndpoint]]:
    """Yield services in the order of preference: within a type, implicit TLS comes first."""
    services = config.of_type(*section)
    for kind in dict.fromkeys(service.type for service in services):
        hosts = [
            (one, one.endpoint)
            for one in services
            if one.type is kind and isinstance(one.endpoint, HostEndpoint)
        ]
        # RFC 8314 s5.1 and s3: implicit TLS is preferred to STARTTLS.
        yield from sorted(hosts, key=lambda pair: pair[1].security is not Security.TLS)


def _dav(services: tuple[Service, ...], scheme: str, label: str, left_out: list[str]) -> Labelled:
    """Yield the servers of one kind. All share one path, because they share one TXT record."""
    path: str | None = None
    seen: set[tuple[str, int]] = set()
    for service, parts in _at_urls(services, scheme, left_out):
        if path is not None and (parts.path or "/") != path:
            left_out.append(f"{_shown(service)}: {label} already has another path")
            continue
        place = (parts.hostname or "", parts.port or _WEB_PORTS[scheme])
        if place not in seen:
            yield label, _at(len(seen), place[1], place[0])
            seen.add(place)
        if path is None:
            path = parts.path or "/"
            yield from _path(service, label, path, left_out)


def _path(service: Service, label: str, path: str, left_out: list[str]) -> Labelled:
    # RFC 6764 s4; RFC 6763 s6.1: one string, which must not be divided.
    text = f"path={path}"
    if len(text.encode()) > STRING_MAX_BYTES:
        left_out.append(f"{_shown(service)}: its path is too long for a TXT record")
        return
    yield label, Text(text)


def _jmap(config: ClientConfig, left_out: list[str]) -> Labelled:
    seen: set[tuple[str, int]] = set()
    for _, parts in _at_urls(config.of_type(ServiceType.JMAP), "https", left_out):
        place = (parts.hostname or "", parts.port or _WEB_PORTS["https"])
        if place not in seen:
            # RFC 8620 s2.2: the record has no path; /.well-known/jmap redirects to it.
            yield "_jmap._tcp", _at(len(seen), place[1], place[0])
            seen.add(place)


def _at_urls(
    services: tuple[Service, ...], scheme: str, left_out: list[str]
) -> Iterator[tuple[Service, SplitResult]]:
    """Yield the part of each URL that is the same for all users."""
    for service in services:
        if not isinstance(service.endpoint, UrlEndpoint):
            continue
        if urlsplit(service.endpoint.url).scheme.lower() != scheme:
            continue
        url = shared_url(service.endpoint.url)
        if url is None:
            left_out.append(f"{_shown(service)}: its host differs from user to user")
        elif _is_target(service, urlsplit(url).hostname or "", left_out):
            yield service, urlsplit(url)


def _is_target(service: Service, host: str, left_out: list[str]) -> bool:
    """Return whether a host may be the target of an SRV record: a name, not an address."""
    # RFC 2782, "Target".
    reason = why_no_name(host)
    if reason is not None:
        left_out.append(f"{_shown(service)}: {reason}")
    return reason is None


def _at(rank: int, port: int, host: str) -> ServiceAt:
    # RFC 2782: the smaller priority is tried first. No two are equal, so the weight is irrelevant.
    return ServiceAt(min(rank * _STEP, _PRIORITY_MAX), 1, port, host.lower().rstrip("."))


def _shown(service: Service) -> str:
    endpoint = service.endpoint
    if isinstance(endpoint, UrlEndpoint):
        return f"{service.type} at {endpoint.url}"
    return f"{service.type} at {endpoint.host}:{endpoint.port}"
