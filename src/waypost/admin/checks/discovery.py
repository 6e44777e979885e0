"""Propose the services of a new domain, from what it has published and from the other domains."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from waypost.admin.domains import DomainCases
from waypost.admin.objects import read_name
from waypost.admin.principal import Principal
from waypost.admin.results import Data
from waypost.admin.source import AdminSource
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError, InvalidObject, NamesUnavailable, SettingsError
from waypost.core.model import MatchKind
from waypost.diagnostics.diagnostic import Diagnostic, diagnostic_json
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.setup import doctor_context, ispdb_url, tls_context
from waypost.providers_file.models.service import ServiceTable
from waypost.setup.discovery import Discovery, discover
from waypost.store.sql.listing import DomainFilter

ANSWER_SECONDS: Final = 4.0
TOTAL_SECONDS: Final = 30.0
OTHERS_MAX: Final = 5
OpenContext = Callable[[EmailAddress, str], DoctorContext]
"""Opens the network for the checks: an address of the domain, and the URL of the database."""


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
        others: domains of the operator that can be copied.
    """

    name: str
    provider: str
    services: Sequence[Data] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: Sequence[Mapping[str, object]] = ()
    missing: str | None = None
    others: Sequence[Data] = field(default_factory=tuple)


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
        open_context: OpenContext | None = None,
    ) -> Proposal:
        """Search for the mail servers of a domain, and check them, within `TOTAL_SECONDS`.

        Args:
            text: the domain.
            asks_database: whether Thunderbird's public database may be asked.
            searches: whether servers are searched for; otherwise only the name is read.
            open_context: opens the network; None for the resolver of this machine.

        Raises:
            InvalidObject: the text is not a domain.
            AccessForbidden: the principal may not create it.
        """
        pattern = read_name(text, "domain")
        if pattern.kind is not MatchKind.EXACT:
            raise InvalidObject([("domain", "is a pattern; use one domain")])
        self.principal.check_domain(pattern, self.principal.provider)
        name = DomainName(pattern.text)
        others = self._others()
        if not searches:
            return Proposal(name.ascii, name.unicode, others=others)
        database = ispdb_url("thunderbird") if asks_database else ""
        try:
            context = (open_context or _open_context)(EmailAddress("postmaster", name), database)
            found = discover(context, name, database=database)
        except (DomainError, NamesUnavailable, SettingsError) as error:
            note = str(error).removeprefix("DOMAIN: ")
            return Proposal(name.ascii, name.unicode, notes=(note,), others=others)
        return _proposal(name, found, others)

    def _others(self) -> Sequence[Data]:
        """Return domains with different services, the first ones by name."""
        page = DomainCases(self.source, self.principal).page(DomainFilter(), 200, None)
        found: dict[str, Data] = {}
        for one in page.items:
            if one.data.get("services"):
                found.setdefault(f"{one.data['provider']} {one.data['services']}", one.data)
        return tuple(found.values())[:OTHERS_MAX]


def _proposal(name: DomainName, found: Discovery, others: Sequence[Data]) -> Proposal:
    return Proposal(
        name.ascii,
        found.domain.provider.name,
        tuple(ServiceTable.serialize(one) for one in found.domain.services),
        found.sources,
        found.notes,
        tuple(_findings(found.findings)),
        found.missing,
        others,
    )


def _findings(findings: Iterable[Diagnostic]) -> Iterable[dict[str, object]]:
    for finding in findings:
        yield diagnostic_json(finding) | {"place": f"{finding.location}", "detail": finding.detail}


def _open_context(address: EmailAddress, database: str) -> DoctorContext:
    seconds = (ANSWER_SECONDS, TOTAL_SECONDS)
    return doctor_context(
        address, "system", tls_context(None), seconds, database, allow_private=False
    )
