"""Checks of the mail servers that were found, and servers that many domains have."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Literal

from waypost.core.address import DomainName
from waypost.core.errors import DomainError, NamesUnavailable
from waypost.core.model import (
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
)
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import (
    METHODS_MAX_CHARS,
    SUPPORTED_PROTOCOLS,
    MailResult,
    check_mail_server,
    describe_service,
    supports_method,
)

PROBES_AT_ONCE: Final = 8
_LABELS: Final = {
    ServiceType.IMAP: ("imap", "mail"),
    ServiceType.SMTP: ("smtp", "mail"),
}
_PORTS: Final = {
    ServiceType.IMAP: ((993, Security.TLS), (143, Security.STARTTLS)),
    ServiceType.SMTP: ((465, Security.TLS), (587, Security.STARTTLS)),
}


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """What the check of one service says.

    Attributes:
        place: the service, as findings name it.
        state: `works`, `fails`, or `unknown` if it was not checked.
        detail: the login methods that the server offers, or why it was not checked.
    """

    place: str
    state: Literal["works", "fails", "unknown"]
    detail: str = ""


def service_check(service: Service, result: MailResult | None) -> ServiceCheck:
    """Return what a result says about a service; None if the service cannot be checked."""
    endpoint = service.endpoint
    if not isinstance(endpoint, HostEndpoint):
        return ServiceCheck(f"{service.type} {endpoint.url}", "unknown", "it has a URL")
    place = describe_service(parsed_service(service))
    if result is None:
        return ServiceCheck(place, "unknown", "Waypost cannot check this kind of server")
    if result.is_working:
        methods = " ".join(sorted(result.methods))[:METHODS_MAX_CHARS]
        return ServiceCheck(place, "works", methods)
    if result.findings:
        return ServiceCheck(place, "fails")
    return ServiceCheck(place, "unknown", result.unknown_reason)


def check_each(
    context: DoctorContext, services: Sequence[Service]
) -> tuple[tuple[ServiceCheck, ...], tuple[Diagnostic, ...]]:
    """Return what the check of each service says, and what is wrong with them."""
    probed = [service for service in services if is_probed(service)]
    results = dict(
        zip(probed, probe(context, [parsed_service(one) for one in probed]), strict=True)
    )
    checks = tuple(service_check(service, results.get(service)) for service in services)
    return checks, tuple(finding for one in results.values() for finding in one.findings)


def check_services(context: DoctorContext, services: Sequence[Service]) -> tuple[Diagnostic, ...]:
    """Return what is wrong with mail servers."""
    results = probe(
        context, [parsed_service(service) for service in services if is_probed(service)]
    )
    return tuple(finding for result in results for finding in result.findings)


def is_probed(service: Service) -> bool:
    """Return whether a service has a host that can be checked."""
    endpoint = service.endpoint
    return (
        service.type.value in SUPPORTED_PROTOCOLS
        and isinstance(endpoint, HostEndpoint)
        and "%" not in endpoint.host
    )


def parsed_service(service: Service) -> ParsedService:
    """Return a service with a host in the form that the doctor checks.

    Raises:
        TypeError: the service has a URL.
    """
    endpoint = service.endpoint
    if not isinstance(endpoint, HostEndpoint):
        raise TypeError(f"{service.type} has no host")
    methods = tuple(str(method) for method in service.authentication)
    return ParsedService(
        service.type.value, endpoint.host, endpoint.port, endpoint.security.value, methods
    )


def probe(context: DoctorContext, services: Sequence[ParsedService]) -> list[MailResult]:
    """Check servers, several at once; their names are looked up before, one after the other."""
    for service in services:
        with suppress(NamesUnavailable):
            context.resolve_addresses(service.host_or_url)
    with ThreadPoolExecutor(PROBES_AT_ONCE) as pool:
        return list(pool.map(lambda service: check_mail_server(context, service), services))


def with_methods(service: Service, result: MailResult) -> Service:
    """Return a service with the best password method that the server offers."""
    for method in (PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED):
        if supports_method(result.methods, str(method)):
            return replace(service, authentication=(method,))
    return service


def usual_servers(
    context: DoctorContext, service_type: ServiceType, exchangers: Sequence[str]
) -> list[Service]:
    """Return the servers that many domains have, and the MX hosts, as far as DNS has their names.

    Args:
        context: the domain.
        service_type: IMAP or SMTP.
        exchangers: the hosts of the MX records.
    """
    return [
        Service(service_type, HostEndpoint(host, port, security), (PASSWORD_CLEARTEXT,))
        for host in _usual_hosts(context, service_type, exchangers)
        for port, security in _PORTS[service_type]
    ]


def _usual_hosts(
    context: DoctorContext, service_type: ServiceType, exchangers: Sequence[str]
) -> Iterator[str]:
    hosts = [f"{label}.{context.domain}" for label in _LABELS[service_type]]
    for host in dict.fromkeys((*hosts, *exchangers)):
        with suppress(NamesUnavailable, DomainError):
            if context.resolve_addresses(host):
                yield DomainName.parse(host).ascii
