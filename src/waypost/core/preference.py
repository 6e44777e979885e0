"""The order of services, in one place, so that all formats use the same order."""

from collections.abc import Iterable
from typing import Final

from waypost.core.model import (
    DEFAULT_PRIORITY,
    INCOMING,
    Authentication,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)

# FairEmail uses only the first incoming server, and only if that is IMAP; Thunderbird's
# Autodiscover reader uses the first of POP3 and IMAP (protocols seen in 2026-08).
_RANK: Final = {ServiceType.IMAP: 0, ServiceType.POP3: 1}
# RFC 8314 s3: TLS from the start is preferred; most clients use the first service of a type.
_PROTECTION: Final = {Security.TLS: 0, Security.STARTTLS: 1, Security.NONE: 2}


def ordered(services: Iterable[Service]) -> tuple[Service, ...]:
    """Return services in the order of preference.

    Incoming, then outgoing, then the rest. Within each: by the operator's priority, then IMAP
    before POP3 before the other protocols for reading mail, then TLS before STARTTLS before no
    protection, then as configured.
    """

    def key(service: Service) -> tuple[int, int, int, int]:
        if service.type in INCOMING:
            section = 0
        else:
            section = 1 if service.type is ServiceType.SMTP else 2
        priority = DEFAULT_PRIORITY if service.priority is None else service.priority
        return section, priority, _RANK.get(service.type, 2), _protection(service)

    return tuple(sorted(services, key=key))


def _protection(service: Service) -> int:
    """Return a rank, 0 for the best protection; of a URL only the scheme is known."""
    if isinstance(service.endpoint, UrlEndpoint):
        return 0 if is_protected(service) else 2
    return _PROTECTION[service.endpoint.security]


def best(services: Iterable[Service], supported: frozenset[Authentication]) -> Service | None:
    """Return the service for a format that describes only one.

    Args:
        services: in the order of preference.
        supported: the authentication methods that the format supports.

    Returns:
        The first protected service with a supported method, else the first with a supported
        method, else None.
    """
    return first_protected(
        service for service in services if not supported.isdisjoint(service.authentication)
    )


def first_protected(services: Iterable[Service]) -> Service | None:
    """Return the first protected service, else the first one, else None."""
    ordered_services = tuple(services)
    protected = (service for service in ordered_services if is_protected(service))
    return next(protected, next(iter(ordered_services), None))


def is_protected(service: Service) -> bool:
    """Return whether the connection to a service is encrypted."""
    if isinstance(service.endpoint, UrlEndpoint):
        return service.endpoint.url.lower().startswith(("https:", "ldaps:"))
    return service.endpoint.security is not Security.NONE
