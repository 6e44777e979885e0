"""What a search for the mail servers of a domain has found."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import (
    EMAIL_ADDRESS,
    Domain,
    DomainPattern,
    HostEndpoint,
    Provider,
    Service,
    ServiceType,
    missing_mail_service,
    missing_mail_types,
)
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.mail_servers import MailResult
from waypost.providers_file.catalog import default_short_name
from waypost.providers_file.validators import is_same_for_all
from waypost.setup.probing import ServiceCheck, service_check

SERVICES_MAX: Final = 20
NOTES_MAX: Final = 10
_DOMAIN_PLACEHOLDER: Final = re.compile("%EMAILDOMAIN%", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found about a domain.

    Attributes:
        domain: the entry for the providers file; its services may be incomplete or empty.
        sources: where the services are from, one line each.
        notes: what was found and cannot be used, one line each.
        findings: what is wrong with the mail servers.
        checks: what the check of each service says, in the order of the services.
    """

    domain: Domain
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    checks: tuple[ServiceCheck, ...] = ()

    @property
    def missing(self) -> str | None:
        """Return which mail service is missing; None if clients can set up an account."""
        return missing_mail_service(service.type for service in self.domain.services)

    @property
    def missing_types(self) -> tuple[ServiceType, ...]:
        """Return the types of mail service that are missing, as `missing_mail_types`."""
        return missing_mail_types(service.type for service in self.domain.services)


@dataclass(slots=True)
class Search:
    """What has been found so far.

    Attributes:
        provider: with the name that the operator gave, or that of the first document.
        results: what the checks of services say, by type and endpoint.
    """

    domain: DomainName
    provider: Provider
    services: list[Service] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    results: dict[tuple[ServiceType, object], MailResult] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Return whether clients can set up an account with these services."""
        return missing_mail_service(service.type for service in self.services) is None

    def add_document(self, found: Domain, source: str) -> None:
        """Add the services of a document, except for types that are known already."""
        known = {service.type for service in self.services}
        new = [service for service in found.services if service.type not in known]
        if not new:
            return
        if len(new) > SERVICES_MAX:
            self.notes.append(
                f"{source}: has {len(new)} services; the first {SERVICES_MAX} are used"
            )
            new = new[:SERVICES_MAX]
        if not self.sources:
            self.provider = replace(found.provider, name=self.provider.name or found.provider.name)
        self.services += [
            self._with_general_login(with_own_host(service, self.domain), source) for service in new
        ]
        self.sources.append(source)

    def add_result(self, service: Service, result: MailResult) -> None:
        """Keep what the check of a service says; its login methods may change after it."""
        self.results[service.type, service.endpoint] = result

    def add(self, services: Sequence[Service], source: str) -> None:
        """Add services without a document."""
        if services:
            self.services += services
            self.sources.append(source)

    def _with_general_login(self, service: Service, source: str) -> Service:
        login = service.login_name
        if login is None or not is_same_for_all(login):
            return service
        self.notes.append(
            f"{source}: all users would get the login name {login!r}; the address is used instead"
        )
        return replace(service, login_name=EMAIL_ADDRESS)

    def result(self) -> Discovery:
        """Return what was found, within limits."""
        name = self.provider.name or self.domain.unicode
        provider = replace(
            self.provider,
            name=name,
            short_name=self.provider.short_name or default_short_name(name),
        )
        services = tuple(self.services[:SERVICES_MAX])
        return Discovery(
            Domain(DomainPattern(self.domain.ascii), provider, services),
            tuple(self.sources),
            tuple(self.notes[:NOTES_MAX]),
            tuple(dict.fromkeys(self.findings)),
            tuple(
                service_check(service, self.results.get((service.type, service.endpoint)))
                for service in services
            ),
        )


def parent_domains(host: str) -> tuple[str, ...]:
    """Return the domains that a host is in, the longest one first, without top-level domains.

    A name from DNS can have any character; a parent that is no domain name is left out.
    """
    labels = host.lower().split(".")
    parents = (".".join(labels[start:]) for start in range(1, len(labels) - 1))
    return tuple(parent for parent in parents if _is_domain(parent))


def _is_domain(text: str) -> bool:
    with suppress(DomainError):
        return DomainName.parse(text).ascii == text
    return False


def with_own_host(service: Service, domain: DomainName) -> Service:
    """Return a service whose host has the name of the domain instead of its placeholder."""
    endpoint = service.endpoint
    if not isinstance(endpoint, HostEndpoint):
        return service
    host = _DOMAIN_PLACEHOLDER.sub(domain.ascii, endpoint.host)
    return replace(service, endpoint=replace(endpoint, host=host))
