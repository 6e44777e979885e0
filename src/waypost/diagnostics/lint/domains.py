"""Lint any number of domains, and report the findings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from waypost.core.model import Catalog, Domain, ExternalDomains
from waypost.diagnostics.problem import Problem, ordered

if TYPE_CHECKING:
    from waypost.diagnostics.lint.linter import LintFinding
    from waypost.diagnostics.lint.rule import Rule
    from waypost.store.interning import DomainEntry

SHOWN: Final = 20
"""How many findings of each code are kept."""
_SHOWN_BY_APPLY: Final = 3


@dataclass(frozen=True, slots=True)
class DomainFinding:
    """A finding, and the domains that it concerns.

    Attributes:
        domain: the first domain with the finding, or a text for the domains of a directory.
        domains: how many domains have the same services; None for the domains of a directory.
    """

    finding: "LintFinding"
    domain: str
    domains: int | None

    @property
    def place(self) -> str:
        """Return the place of the finding: domains, and a service or a text."""
        more = f" and {self.domains - 1:,} more" if self.domains and self.domains > 1 else ""
        where = f": {self.finding.where}" if self.finding.where else ""
        return f"{self.domain}{more}{where}"

    def for_scripts(self) -> dict[str, object]:
        """Return the finding for --json."""
        rule = self.finding.rule
        return {
            "code": rule.code,
            "severity": rule.severity,
            "clients": [client.name for client in self.finding.clients],
            "where": self.finding.where,
            "message": rule.message,
            "fix": rule.fix,
            "domain": self.domain,
            "domains": self.domains,
            "links": [client.link for client in self.finding.clients],
        }


@dataclass(slots=True)
class OfCode:
    """All findings of one code.

    Attributes:
        kept: the first of them.
        findings: how many there are.
    """

    rule: "Rule"
    kept: list[DomainFinding] = field(default_factory=list)
    findings: int = 0

    @property
    def problem(self) -> Problem:
        """Return the findings as a problem of a report."""
        from waypost.diagnostics.lint.clients import EVERY  # noqa: PLC0415 -- quick start

        rule = self.rule
        clients = tuple(dict.fromkeys(one for kept in self.kept for one in kept.finding.clients))
        names = tuple(client.name for client in clients)
        return Problem(
            *(rule.code, rule.severity, rule.message, rule.fix),
            links=tuple(dict.fromkeys(client.link for client in clients)),
            places=tuple(one.place for one in self.kept),
            count=self.findings,
            clients=("every client",) if clients == EVERY else names,
            reach=len(clients),
        )


@dataclass(frozen=True, slots=True)
class Linted:
    """The result of linting.

    Attributes:
        by_code: the findings of each code, in the order of the rules.
        domains: how many domains were checked.
    """

    by_code: tuple[OfCode, ...]
    domains: int

    @property
    def findings(self) -> int:
        """Return the number of findings, counted once for each different set of services."""
        return sum(one.findings for one in self.by_code)

    @property
    def problems(self) -> list[Problem]:
        """Return the codes that were found, the most severe first."""
        return ordered(one.problem for one in self.by_code)

    def for_scripts(self) -> list[dict[str, object]]:
        """Return the findings that were kept, the most severe first."""
        by_code = {one.rule.code: one for one in self.by_code}
        return [kept.for_scripts() for one in self.problems for kept in by_code[one.code].kept]

    def lines(self) -> Iterator[str]:
        """Yield one line for each code, for commands other than `waypost lint`."""
        is_whole = True
        for one in self.problems:
            shown = one.places[:_SHOWN_BY_APPLY]
            more = f"; and {one.count - len(shown):,} more" if one.count > len(shown) else ""
            is_whole = is_whole and not more
            what = f"{one.code} ({', '.join(one.clients)}): {one.message}; {one.fix}"
            yield f"{what}; see {one.links[0]}; found in {'; '.join(shown)}{more}"
        if not is_whole:
            yield "waypost lint --all lists all places"


def lint_catalog(catalog: Catalog, shown: int | None = SHOWN, *, of_today: bool = False) -> Linted:
    """Check each different set of services of a catalog once.

    Domains are read one by one; each needs at most a few bytes of memory.

    Args:
        catalog: of any size.
        shown: how many findings of each code are kept; None is all.
        of_today: leave out notes, and findings that concern only PACC, which hardly any client
            supports yet.
    """
    domains, offers = _offers(catalog.domains)
    external_domains = (
        _external_domains(one) for one in catalog.external_domains if one.redirect is None
    )
    found = (one for several in (*offers, *external_domains) for one in several)
    reported = (one for one in found if not (of_today and _is_only_for_lint(one)))
    return Linted(_by_code(reported, shown), domains)


def lint_domain(domain: Domain) -> Linted:
    """Check the services of one domain."""
    found = () if domain.redirect else _of_domain(_found(domain), domain.pattern.text, 1)
    return Linted(_by_code(found, None), 1)


def _is_only_for_lint(one: DomainFinding) -> bool:
    from waypost.diagnostics.lint.clients import PACC  # noqa: PLC0415 -- quick start

    return one.finding.clients == (PACC,) or one.finding.rule.severity == "note"


def _by_code(found: Iterable[DomainFinding], shown: int | None) -> tuple[OfCode, ...]:
    by_code: dict[str, OfCode] = {}
    for one in found:
        of_code = by_code.setdefault(one.finding.code, OfCode(one.finding.rule))
        of_code.findings += 1
        if shown is None or len(of_code.kept) < shown:
            of_code.kept.append(one)
    return tuple(by_code.values())


def _offers(domains: Iterable[Domain]) -> tuple[int, Iterator[Iterator[DomainFinding]]]:
    """Read all domains, and return the findings of each different set of services."""
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
    """Return an offer without its provider if the provider itself has no finding.

    In automx2's databases each domain may have its own provider; their offers are equal then.
    """
    from waypost.diagnostics.lint.linter import provider_matters  # noqa: PLC0415 -- quick start
    from waypost.store.interning import DomainEntry  # noqa: PLC0415 -- quick start

    provider = domain.provider if provider_matters(domain.provider) else None
    return DomainEntry(provider, domain.services, domain.users)


def _external_domains(one: ExternalDomains) -> Iterator[DomainFinding]:
    return _of_domain(_found(one), f"domains of directory {one.directory.label}", None)


def _found(one: "Domain | ExternalDomains | DomainEntry") -> "Iterator[LintFinding]":
    from waypost.diagnostics.lint.linter import lint  # noqa: PLC0415 -- quick start

    return lint(one.provider, one.services, one.users)


def _of_domain(
    found: "Iterator[LintFinding]", domain: str, domains: int | None
) -> Iterator[DomainFinding]:
    return (DomainFinding(finding, domain, domains) for finding in found)
