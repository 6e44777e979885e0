"""Propose the services of a new domain, from what it has published and from the other domains."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from waypost.admin.checks.related_domains import RelatedDomains
from waypost.admin.objects import ObjectMistakes, read_name, read_services
from waypost.admin.principal import Principal
from waypost.admin.results import Data
from waypost.admin.source import AdminSource
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError, InvalidObject, NamesUnavailable, SettingsError
from waypost.core.model import MatchKind
from waypost.diagnostics.diagnostic import Diagnostic, diagnostic_json
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.setup import doctor_context, ispdb_url, tls_context
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses
from waypost.providers_file.models.service import ServiceTable
from waypost.setup.discovery import discover
from waypost.setup.probing import ServiceCheck, check_each
from waypost.setup.search import Discovery, with_own_host

ANSWER_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 15.0
SERVICES_MAX: Final = 20
OpenContext = Callable[[EmailAddress, str, PrivateAddresses], DoctorContext]
"""Opens the network: an address of the domain, the URL of the database, and what may be asked."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a new domain may offer.

    Attributes:
        name: the domain.
        provider: the name of the provider that a document names, or the domain.
        services: as JSON data.
        sources: where the services are from.
        notes: what was found and cannot be used.
        findings: what the doctor says about the servers, as JSON data.
        missing: which mail service is missing; None if clients can set up an account.
        checks: what the doctor says about each service.
        others: domains of the operator that can be copied.
    """

    name: str
    provider: str
    services: Sequence[Data] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: Sequence[Mapping[str, object]] = ()
    missing: str | None = None
    checks: tuple[ServiceCheck, ...] = ()
    others: Sequence[Data] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class CheckedServices:
    """What the doctor says about services.

    Attributes:
        checks: about each service.
        findings: what is wrong with them, as JSON data.
        notes: why they were not checked.
    """

    checks: tuple[ServiceCheck, ...] = ()
    findings: Sequence[Mapping[str, object]] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscoveryCases:
    """The use cases of the wizard."""

    source: AdminSource
    principal: Principal

    def propose(
        self,
        text: str,
        *,
        asks_database: bool = True,
        searches: bool = True,
        allow_private: bool = False,
        open_context: OpenContext | None = None,
    ) -> Proposal:
        """Search for the mail servers of a domain, and check them, within `TOTAL_SECONDS`.

        Args:
            text: the domain.
            asks_database: whether Thunderbird's public database may be asked.
            searches: whether servers are searched for; otherwise only the name is read.
            allow_private: whether names below the domain may have private addresses.
            open_context: opens the network; None for the resolver of this machine.

        Raises:
            InvalidObject: the text is not a domain.
            AccessForbidden: the principal may not create it.
        """
        name = self._name(text)
        related = RelatedDomains(self.source, self.principal)
        others = related.suggestions()
        if not searches:
            return Proposal(name.ascii, name.unicode, others=others)
        database = ispdb_url("thunderbird") if asks_database else ""
        try:
            context = self._open(name, database, allow_private, open_context)
            find_others = partial(related.sharing, suggestions=others)
            found = discover(context, name, database=database, find_others=find_others)
        except (DomainError, NamesUnavailable, SettingsError) as error:
            note = str(error).removeprefix("DOMAIN: ").removeprefix("--resolver: ")
            return Proposal(name.ascii, name.unicode, notes=(note,), others=others)
        return _proposal(name, found, others)

    def check(
        self,
        text: str,
        services: Sequence[Data],
        *,
        allow_private: bool = False,
        open_context: OpenContext | None = None,
    ) -> CheckedServices:
        """Check services of a new domain as the doctor does, within `TOTAL_SECONDS`.

        Args:
            text: the domain.
            services: as JSON data.
            allow_private: whether names below the domain may have private addresses.
            open_context: opens the network; None for the resolver of this machine.

        Raises:
            InvalidObject: the text is not a domain, or a service is not valid.
            AccessForbidden: the principal may not create the domain.
        """
        name, report = self._name(text), ObjectMistakes()
        read = read_services(services, report)
        report.check()
        try:
            context = self._open(name, "", allow_private, open_context)
        except SettingsError as error:
            return CheckedServices(notes=(str(error),))
        named = [with_own_host(service, name) for service in read[:SERVICES_MAX]]
        checks, findings = check_each(context, named)
        return CheckedServices(checks, tuple(_findings(dict.fromkeys(findings))))

    def _name(self, text: str) -> DomainName:
        """Return a domain that the principal may create.

        Raises:
            InvalidObject: the text is not a domain.
            AccessForbidden: the principal may not create it.
        """
        pattern = read_name(text, "domain")
        if pattern.kind is not MatchKind.EXACT:
            raise InvalidObject([("domain", "is a pattern; use one domain")])
        self.principal.check_domain(pattern, self.principal.provider)
        return DomainName(pattern.text)

    def _open(
        self, name: DomainName, database: str, allow_private: bool, opener: OpenContext | None
    ) -> DoctorContext:
        """Open the network. A tenant learns nothing about the operator's network."""
        may = allow_private and not self.principal.is_tenant
        private = PrivateAddresses.OWN_NAMES if may else PrivateAddresses.NEVER
        return (opener or _open_context)(EmailAddress("postmaster", name), database, private)


def _proposal(name: DomainName, found: Discovery, others: Sequence[Data]) -> Proposal:
    return Proposal(
        name.ascii,
        found.domain.provider.name,
        tuple(ServiceTable.serialize(one) for one in found.domain.services),
        found.sources,
        found.notes,
        tuple(_findings(found.findings)),
        found.missing,
        found.checks,
        others,
    )


def _findings(findings: Iterable[Diagnostic]) -> Iterable[dict[str, object]]:
    for finding in findings:
        yield diagnostic_json(finding) | {"place": f"{finding.location}", "detail": finding.detail}


def _open_context(address: EmailAddress, database: str, private: PrivateAddresses) -> DoctorContext:
    seconds = (ANSWER_SECONDS, TOTAL_SECONDS)
    return doctor_context(address, "system", tls_context(None), seconds, database, private)
