"""Lint any number of domains, and report what was found."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waypost.core.clients import PACC
from waypost.core.model import Catalog, Domain, ExternalDomains
from waypost.diagnostics.client_groups import client_names
from waypost.diagnostics.diagnostic import Diagnostic, DomainLocation, diagnostic_json
from waypost.diagnostics.grouping import DiagnosticGroup, group_by_code, sort_groups

if TYPE_CHECKING:
    from waypost.store.interning import DomainEntry

DIAGNOSTICS_KEPT: Final = 20
"""How many diagnostics of each code are kept."""
_PLACES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class LintResult:
    """The result of linting.

    Attributes:
        groups: the diagnostics of each code, the most severe first.
        domains: how many domains were checked.
    """

    groups: tuple[DiagnosticGroup, ...]
    domains: int

    @property
    def count(self) -> int:
        """Return the number of diagnostics, counted once for each different set of services."""
        return sum(group.count for group in self.groups)

    def to_json(self) -> list[dict[str, object]]:
        """Return the diagnostics that were kept, the most severe first."""
        return [
            diagnostic_json(diagnostic) for group in self.groups for diagnostic in group.diagnostics
        ]

    def lines(self) -> Iterator[str]:
        """Yield one line for each code, for commands other than `waypost lint`."""
        is_complete = True
        for group in self.groups:
            shown, definition = group.places[:_PLACES_SHOWN], group.definition
            more = f"; and {group.count - len(shown):,} more" if group.count > len(shown) else ""
            is_complete = is_complete and not more
            clients = ", ".join(group.broken_clients)
            summary = f"{group.code} ({clients}): {definition.message}; {definition.fix}"
            yield f"{summary}; see {definition.link}; found in {'; '.join(shown)}{more}"
        if not is_complete:
            yield "waypost lint --all lists all places"


def lint_catalog(
    catalog: Catalog, kept_per_code: int | None = DIAGNOSTICS_KEPT, *, skip_minor: bool = False
) -> LintResult:
    """Check each different set of services of a catalog once.

    Domains are read one by one; each needs at most a few bytes of memory.

    Args:
        catalog: of any size.
        kept_per_code: how many diagnostics of each code are kept; None is all.
        skip_minor: leave out notes, and diagnostics that concern only PACC, which hardly any client
            supports yet.
    """
    domains, entries = _entry_findings(catalog.domains)
    external_domains = (
        _external_domain_findings(external)
        for external in catalog.external_domains
        if external.redirect is None
    )
    findings = (
        diagnostic for diagnostics in (*entries, *external_domains) for diagnostic in diagnostics
    )
    selected = (finding for finding in findings if not (skip_minor and _is_minor(finding)))
    return LintResult(_groups(selected, kept_per_code), domains)


def lint_domain(domain: Domain) -> LintResult:
    """Check the services of one domain."""
    findings = (
        () if domain.redirect else _with_location(_lint_entry(domain), domain.pattern.text, 1)
    )
    return LintResult(_groups(findings, None), 1)


def _is_minor(diagnostic: Diagnostic) -> bool:
    return diagnostic.clients == (PACC,) or diagnostic.severity == "note"


def _groups(
    findings: Iterable[Diagnostic], kept_per_code: int | None
) -> tuple[DiagnosticGroup, ...]:
    groups = group_by_code(findings, kept_per_code)
    for group in groups:
        clients = tuple(
            dict.fromkeys(
                client for diagnostic in group.diagnostics for client in diagnostic.clients
            )
        )
        group.broken_clients, group.broken_client_count = client_names(clients), len(clients)
    return tuple(sort_groups(groups))


def _entry_findings(domains: Iterable[Domain]) -> tuple[int, Iterator[Iterator[Diagnostic]]]:
    """Read all domains, and return the diagnostics of each different set of services."""
    from waypost.store.interning import EntryTable  # noqa: PLC0415 -- quick start

    entries = EntryTable()
    first_domains: list[str] = []
    counts: list[int] = []
    total, number = 0, 0
    previous: Domain | None = None
    for domain in domains:
        total += 1
        if domain.redirect is not None:
            continue  # No client receives its services.
        if previous is None or not _is_same_entry(domain, previous):
            number = entries.number(_entry_for_comparison(domain))
            if number == len(first_domains):
                first_domains.append(domain.pattern.text)
                counts.append(0)
        counts[number] += 1
        previous = domain
    findings = (
        _with_location(_lint_entry(entries[number]), first, count)
        for number, (first, count) in enumerate(zip(first_domains, counts, strict=True))
    )
    return total, findings


def _is_same_entry(domain: Domain, previous: Domain) -> bool:
    """Return whether two domains share their parts, as neighbours do; quicker than a comparison."""
    return (
        domain.services is previous.services
        and domain.provider is previous.provider
        and domain.users is previous.users
    )


def _entry_for_comparison(domain: Domain) -> "DomainEntry":
    """Return the entry of a domain, without its provider if the provider itself has no diagnostic.

    In automx2's databases each domain may have its own provider; their entries are equal then.
    """
    from waypost.diagnostics.lint.linter import provider_affects_diagnostics  # noqa: PLC0415 -- quick start
    from waypost.store.interning import DomainEntry  # noqa: PLC0415 -- quick start

    provider = domain.provider if provider_affects_diagnostics(domain.provider) else None
    return DomainEntry(provider, domain.services, domain.users)


def _external_domain_findings(external: ExternalDomains) -> Iterator[Diagnostic]:
    return _with_location(
        _lint_entry(external), f"domains of directory {external.directory.label}", None
    )


def _lint_entry(entry: "Domain | ExternalDomains | DomainEntry") -> Iterator[Diagnostic]:
    from waypost.diagnostics.lint.linter import lint  # noqa: PLC0415 -- quick start

    return lint(entry.provider, entry.services, entry.users)


def _with_location(
    findings: Iterator[Diagnostic], domain: str, domains: int | None
) -> Iterator[Diagnostic]:
    return (
        Diagnostic(
            finding.definition,
            DomainLocation(domain, domains, str(finding.location)),
            clients=finding.clients,
        )
        for finding in findings
    )
