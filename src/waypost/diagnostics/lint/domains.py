"""Lint any number of domains, and report what was found."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waypost.core.clients import PACC
from waypost.core.model import Catalog, Domain, ExternalDomains
from waypost.diagnostics.client_groups import names_of
from waypost.diagnostics.diagnostic import Diagnostic, DomainPlace, diagnostic_json
from waypost.diagnostics.grouping import DiagnosticGroup, grouped, ordered

if TYPE_CHECKING:
    from waypost.store.interning import DomainEntry

SHOWN: Final = 20
"""How many diagnostics of each code are kept."""
_SHOWN_BY_APPLY: Final = 3


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
        return sum(one.count for one in self.groups)

    def for_scripts(self) -> list[dict[str, object]]:
        """Return the diagnostics that were kept, the most severe first."""
        return [diagnostic_json(one) for group in self.groups for one in group.kept]

    def lines(self) -> Iterator[str]:
        """Yield one line for each code, for commands other than `waypost lint`."""
        is_whole = True
        for one in self.groups:
            shown = one.places[:_SHOWN_BY_APPLY]
            more = f"; and {one.count - len(shown):,} more" if one.count > len(shown) else ""
            is_whole = is_whole and not more
            what = f"{one.code} ({', '.join(one.breaks)}): {one.about.message}; {one.about.fix}"
            yield f"{what}; see {one.about.link}; found in {'; '.join(shown)}{more}"
        if not is_whole:
            yield "waypost lint --all lists all places"


def lint_catalog(
    catalog: Catalog, shown: int | None = SHOWN, *, of_today: bool = False
) -> LintResult:
    """Check each different set of services of a catalog once.

    Domains are read one by one; each needs at most a few bytes of memory.

    Args:
        catalog: of any size.
        shown: how many diagnostics of each code are kept; None is all.
        of_today: leave out notes, and diagnostics that concern only PACC, which hardly any client
            supports yet.
    """
    domains, offers = _offers(catalog.domains)
    external_domains = (
        _external_domains(one) for one in catalog.external_domains if one.redirect is None
    )
    found = (one for several in (*offers, *external_domains) for one in several)
    reported = (one for one in found if not (of_today and _is_only_for_lint(one)))
    return LintResult(_groups(reported, shown), domains)


def lint_domain(domain: Domain) -> LintResult:
    """Check the services of one domain."""
    found = () if domain.redirect else _of_domain(_found(domain), domain.pattern.text, 1)
    return LintResult(_groups(found, None), 1)


def _is_only_for_lint(one: Diagnostic) -> bool:
    return one.clients == (PACC,) or one.severity == "note"


def _groups(found: Iterable[Diagnostic], shown: int | None) -> tuple[DiagnosticGroup, ...]:
    groups = grouped(found, shown)
    for one in groups:
        clients = tuple(dict.fromkeys(client for kept in one.kept for client in kept.clients))
        one.breaks, one.reach = names_of(clients), len(clients)
    return tuple(ordered(groups))


def _offers(domains: Iterable[Domain]) -> tuple[int, Iterator[Iterator[Diagnostic]]]:
    """Read all domains, and return the diagnostics of each different set of services."""
    from waypost.store.interning import EntryTable  # noqa: PLC0415 -- quick start

    offers = EntryTable()
    firsts: list[str] = []
    counts: list[int] = []
    total = 0
    for domain in domains:
        total += 1
        if domain.redirect is not None:
            continue  # No client receives its services.
        number = offers.number(_without_harmless_provider(domain))
        if number == len(firsts):
            firsts.append(domain.pattern.text)
            counts.append(0)
        counts[number] += 1
    found = (
        _of_domain(_found(offers[number]), first, count)
        for number, (first, count) in enumerate(zip(firsts, counts, strict=True))
    )
    return total, found


def _without_harmless_provider(domain: Domain) -> "DomainEntry":
    """Return an offer without its provider if the provider itself has no diagnostic.

    In automx2's databases each domain may have its own provider; their offers are equal then.
    """
    from waypost.diagnostics.lint.linter import provider_matters  # noqa: PLC0415 -- quick start
    from waypost.store.interning import DomainEntry  # noqa: PLC0415 -- quick start

    provider = domain.provider if provider_matters(domain.provider) else None
    return DomainEntry(provider, domain.services, domain.users)


def _external_domains(one: ExternalDomains) -> Iterator[Diagnostic]:
    return _of_domain(_found(one), f"domains of directory {one.directory.label}", None)


def _found(one: "Domain | ExternalDomains | DomainEntry") -> Iterator[Diagnostic]:
    from waypost.diagnostics.lint.linter import lint  # noqa: PLC0415 -- quick start

    return lint(one.provider, one.services, one.users)


def _of_domain(
    found: Iterator[Diagnostic], domain: str, domains: int | None
) -> Iterator[Diagnostic]:
    return (
        Diagnostic(one.about, DomainPlace(domain, domains, str(one.place)), clients=one.clients)
        for one in found
    )
