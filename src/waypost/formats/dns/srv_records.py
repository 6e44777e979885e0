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
from waypost.formats.dns.records import NOT_OFFERED, STRING_MAX_BYTES, RecordData, SrvData, TxtData
from waypost.formats.host_check import host_name_problem

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

LabelledData = Iterator[tuple[str, RecordData]]


def service_records(config: ClientConfig, left_out: list[str]) -> LabelledData:
    """Yield labels below the domain, with the data of their records.

    Args:
        config: the configuration of the domain.
        left_out: gets a line for each service that SRV records cannot express.
    """
    in_dns = config.for_format(Format.DNS)
    if in_dns.of_type(ServiceType.JMAP, *(kind for kind, _ in _MAIL)):
        for section in _SECTIONS:
            yield from _host_records(in_dns, section, left_out)
            # "Not offered" would be wrong for a service that is only excluded from DNS.
            yield from _not_offered_records(config, section)
    for kind in dict.fromkeys(kind for kind, _ in _OTHERS):
        yield from _host_records(in_dns, (kind,), left_out)
    for (kind, scheme), label in _DAV.items():
        yield from _dav_records(in_dns.of_type(kind), scheme, label, left_out)
    yield from _jmap_records(in_dns, left_out)


def _host_records(
    config: ClientConfig, section: tuple[ServiceType, ...], left_out: list[str]
) -> LabelledData:
    """Yield the records of services with the same purpose, the preferred one first."""
    # RFC 6186 s3.4: priorities also say which of IMAP and POP3 is preferred.
    seen: set[tuple[str, str, int]] = set()
    for service, endpoint in _in_order(config, section):
        label = _label(service, endpoint)
        if label is None:
            left_out.append(
                f"{_describe_service(service)}: there is no SRV label for TLS from the first byte"
            )
            continue
        target = (label, endpoint.host, endpoint.port)
        if target not in seen and _is_target(service, endpoint.host, left_out):
            yield label, _srv_data(len(seen), endpoint.port, endpoint.host)
            seen.add(target)


def _not_offered_records(config: ClientConfig, section: tuple[ServiceType, ...]) -> LabelledData:
    """Yield a "not offered" record for each kind of mail service that is not configured."""
    present = {_label(*pair) for pair in _in_order(config, section)}
    for (kind, _), label in _MAIL.items():
        if kind in section and label not in present:
            # RFC 6186 s3.4: a target of "." says that there is no such service.
            yield label, SrvData(0, 0, 0, NOT_OFFERED)


def _label(service: Service, endpoint: HostEndpoint) -> str | None:
    return _LABELS.get((service.type, endpoint.security is Security.TLS))


def _in_order(
    config: ClientConfig, section: tuple[ServiceType, ...]
) -> Iterator[tuple[Service, HostEndpoint]]:
    """Yield services in the order of preference: within a type, implicit TLS comes first."""
    services = config.of_type(*section)
    for kind in dict.fromkeys(service.type for service in services):
        hosts = [
            (service, service.endpoint)
            for service in services
            if service.type is kind and isinstance(service.endpoint, HostEndpoint)
        ]
        # RFC 8314 s5.1 and s3: implicit TLS is preferred to STARTTLS.
        yield from sorted(hosts, key=lambda pair: pair[1].security is not Security.TLS)


def _dav_records(
    services: tuple[Service, ...], scheme: str, label: str, left_out: list[str]
) -> LabelledData:
    """Yield the servers of one kind. All share one path, because they share one TXT record."""
    path: str | None = None
    seen: set[tuple[str, int]] = set()
    for service, parts in _services_at_urls(services, scheme, left_out):
        if path is not None and (parts.path or "/") != path:
            left_out.append(f"{_describe_service(service)}: {label} already has another path")
            continue
        target = (parts.hostname or "", parts.port or _WEB_PORTS[scheme])
        if target not in seen:
            yield label, _srv_data(len(seen), target[1], target[0])
            seen.add(target)
        if path is None:
            path = parts.path or "/"
            yield from _path_record(service, label, path, left_out)


def _path_record(service: Service, label: str, path: str, left_out: list[str]) -> LabelledData:
    # RFC 6764 s4; RFC 6763 s6.1: one string, which must not be divided.
    text = f"path={path}"
    if len(text.encode()) > STRING_MAX_BYTES:
        left_out.append(f"{_describe_service(service)}: its path is too long for a TXT record")
        return
    yield label, TxtData(text)


def _jmap_records(config: ClientConfig, left_out: list[str]) -> LabelledData:
    seen: set[tuple[str, int]] = set()
    for _, parts in _services_at_urls(config.of_type(ServiceType.JMAP), "https", left_out):
        target = (parts.hostname or "", parts.port or _WEB_PORTS["https"])
        if target not in seen:
            # RFC 8620 s2.2: the record has no path; /.well-known/jmap redirects to it.
            yield "_jmap._tcp", _srv_data(len(seen), target[1], target[0])
            seen.add(target)


def _services_at_urls(
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
            left_out.append(f"{_describe_service(service)}: its host differs from user to user")
        elif _is_target(service, urlsplit(url).hostname or "", left_out):
            yield service, urlsplit(url)


def _is_target(service: Service, host: str, left_out: list[str]) -> bool:
    """Return whether a host may be the target of an SRV record: a name, not an address."""
    # RFC 2782, "Target".
    reason = host_name_problem(host)
    if reason is not None:
        left_out.append(f"{_describe_service(service)}: {reason}")
    return reason is None


def _srv_data(rank: int, port: int, host: str) -> SrvData:
    # RFC 2782: the smaller priority is tried first. No two are equal, so the weight is irrelevant.
    return SrvData(min(rank * _STEP, _PRIORITY_MAX), 1, port, host.lower().rstrip("."))


def _describe_service(service: Service) -> str:
    endpoint = service.endpoint
    if isinstance(endpoint, UrlEndpoint):
        return f"{service.type} at {endpoint.url}"
    return f"{service.type} at {endpoint.host}:{endpoint.port}"
