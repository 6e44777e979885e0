"""What a run checks: the served domains, and each of their mail servers once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from waypost.core.address import DomainName
from waypost.core.model import (
    AuthenticationSystem,
    Catalog,
    Domain,
    DomainPattern,
    HostEndpoint,
    MatchKind,
    Service,
)
from waypost.core.model.pattern import candidates
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.doctor.mail_servers import SUPPORTED_PROTOCOLS

_PLACEHOLDER: Final = "%"

_ServiceKey = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which domains are checked; everything is, if both are empty.

    Attributes:
        patterns: domains and patterns; a domain that matches one of them is selected.
        providers: names of providers.
    """

    patterns: tuple[DomainPattern, ...] = ()
    providers: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Return whether everything is selected."""
        return not self.patterns and not self.providers

    def includes(self, domain: Domain) -> bool:
        """Return whether a domain of a catalog is selected; a pattern never is."""
        if self.providers and domain.provider.name not in self.providers:
            return False
        if not self.patterns:
            return True
        return not set(self.patterns).isdisjoint(candidates(DomainName(domain.pattern.text)))


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What a run checks.

    Attributes:
        domains: the names of the domains, in A-labels.
        hosts: the mail servers that several domains may share, each once.
        patterns: how many patterns are left out, because their domains cannot be listed.
        directories: the labels of the directories whose domains are left out.
        providers: the names of the providers of the catalog that were selected and found.
    """

    domains: Sequence[str]
    hosts: Sequence[ParsedService]
    patterns: int
    directories: Sequence[str]
    providers: frozenset[str]


def make_plan(catalog: Catalog, selection: Selection) -> CheckPlan:
    """Read all domains once; of each domain, only the name is kept.

    Args:
        catalog: of any size.
        selection: which domains are checked.
    """
    domains: list[str] = []
    hosts: dict[_ServiceKey, ParsedService] = {}
    read_services: set[tuple[Service, ...]] = set()
    last_services: tuple[Service, ...] | None = None
    providers: set[str] = set()
    patterns = 0
    for domain in catalog.domains:
        if domain.is_declined:
            continue
        if domain.pattern.kind is not MatchKind.EXACT:
            patterns += 1
            continue
        if not selection.includes(domain):
            continue
        domains.append(domain.pattern.text)
        providers.add(domain.provider.name)
        services = domain.services
        # Domains of a provider usually share one tuple, whose hash takes longer than this test.
        if domain.redirect is None and services is not last_services:
            last_services = services
            if services not in read_services:
                read_services.add(services)
                add_hosts(hosts, shared_services(services))
    directories = [external.directory.label for external in catalog.external_domains]
    return CheckPlan(domains, list(hosts.values()), patterns, directories, frozenset(providers))


def add_hosts(hosts: dict[_ServiceKey, ParsedService], services: Iterable[ParsedService]) -> None:
    """Add mail servers; one that is known already gets the authentication methods of both."""
    for service in services:
        key = (service.kind, service.host_or_url, service.port, service.security)
        known = hosts.get(key)
        methods = tuple(dict.fromkeys((*(known.methods if known else ()), *service.methods)))
        hosts[key] = replace(service, methods=methods)


def shared_services(services: Iterable[Service]) -> list[ParsedService]:
    """Return the mail servers whose names do not depend on the domain."""
    return [one for one in mail_services(services) if _PLACEHOLDER not in one.host_or_url]


def own_services(configured: Iterable[Service], expanded: Iterable[Service]) -> list[ParsedService]:
    """Return the mail servers of one domain whose names contain the domain.

    Args:
        configured: the services with placeholders.
        expanded: the same services, with the placeholders that depend on the domain replaced.
    """
    shared = {service.host_or_url for service in shared_services(configured)}
    return [
        service
        for service in mail_services(expanded)
        if service.host_or_url not in shared and _PLACEHOLDER not in service.host_or_url
    ]


def mail_services(services: Iterable[Service]) -> list[ParsedService]:
    """Return the services that the doctor can check, as it needs them."""
    return [
        ParsedService(
            f"{service.type}",
            service.endpoint.host,
            service.endpoint.port,
            f"{service.endpoint.security}",
            tuple(
                f"{one}"
                for one in service.authentication
                if one.system is not AuthenticationSystem.HTTP
            ),
        )
        for service in services
        if isinstance(service.endpoint, HostEndpoint) and f"{service.type}" in SUPPORTED_PROTOCOLS
    ]
