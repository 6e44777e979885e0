"""Linting domains of any number, and telling what was found."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waypost.model import Borrowed, Catalog, Domain

if TYPE_CHECKING:
    from waypost.check.lint import Finding
    from waypost.store.offers import Offer

SHOWN: Final = 20
"""How many findings are printed."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and whom it concerns.

    Attributes:
        domain: the first domain with it, or words for domains that others know.
        domains: how many domains make that offer; None where others know them.
    """

    finding: "Finding"
    domain: str
    domains: int | None

    def __str__(self) -> str:
        """Give one line for people."""
        more = f" and {self.domains - 1:,} more" if self.domains and self.domains > 1 else ""
        return f"{self.domain}{more}: {self.finding}"

    def for_scripts(self) -> dict[str, object]:
        """Give the same for a script."""
        rule = self.finding.rule
        return {
            "code": rule.code,
            "clients": [client.name for client in rule.clients],
            "where": self.finding.where,
            "why": rule.why,
            "cure": rule.cure,
            "domain": self.domain,
            "domains": self.domains,
            "links": [client.link for client in rule.clients],
        }


@dataclass(frozen=True, slots=True)
class Linted:
    """What came of it.

    Attributes:
        told: the first findings.
        findings: how many there are in all, counted once for each different offer.
        domains: how many domains were looked at.
    """

    told: tuple[Told, ...]
    findings: int
    domains: int

    def lines(self) -> Iterator[str]:
        """Give the findings for people, and how many more there are."""
        yield from map(str, self.told)
        if more := self.findings - len(self.told):
            yield f"and {more:,} more findings; waypost lint --all lists them"


def lint_catalog(catalog: Catalog, shown: int | None = SHOWN, *, of_today: bool = False) -> Linted:
    """Look at each different offer of a catalog once.

    Domains are read one by one; a million of them need a few bytes each at most.

    Args:
        catalog: of any size.
        shown: how many findings are kept; None is all.
        of_today: leave out what concerns nothing but PACC, which hardly any client speaks yet.
    """
    from waypost.check.lint_clients import PACC  # noqa: PLC0415 -- quick start

    told: list[Told] = []
    findings = 0
    domains, offers = _offers(catalog.domains)
    for found in (*offers, *(_borrowed(one) for one in catalog.borrowed if one.away is None)):
        for one in found:
            if of_today and one.finding.rule.clients == (PACC,):
                continue
            findings += 1
            if shown is None or len(told) < shown:
                told.append(one)
    return Linted(tuple(told), findings, domains)


def lint_domain(domain: Domain) -> Linted:
    """Look at what one domain offers."""
    told = () if domain.away else tuple(_told(_found(domain), domain.pattern.text, 1))
    return Linted(told, len(told), 1)


def _offers(domains: Iterable[Domain]) -> tuple[int, Iterator[Iterator[Told]]]:
    """Read all domains, and give the findings of each different offer."""
    from waypost.store.offers import Offers  # noqa: PLC0415 -- quick start

    offers = Offers()
    firsts: list[str] = []
    counts: list[int] = []
    total = 0
    for domain in domains:
        total += 1
        if domain.away is not None:
            continue  # Its services are told to nobody.
        number = offers.number(_without_harmless_provider(domain))
        if number == len(firsts):
            firsts.append(domain.pattern.text)
            counts.append(0)
        counts[number] += 1
    found = (
        _told(_found(offers[number]), first, count)
        for number, (first, count) in enumerate(zip(firsts, counts, strict=True))
    )
    return total, found


def _without_harmless_provider(domain: Domain) -> "Offer":
    """Give an offer without its provider where that has no finding of its own.

    In automx2's databases each domain may be its own provider; their offers are the same then.
    """
    from waypost.check.lint import provider_matters  # noqa: PLC0415 -- quick start
    from waypost.store.offers import Offer  # noqa: PLC0415 -- quick start

    provider = domain.provider if provider_matters(domain.provider) else None
    return Offer(provider, domain.services, domain.users)


def _borrowed(one: Borrowed) -> Iterator[Told]:
    return _told(_found(one), f"domains of directory {one.directory.label}", None)


def _found(one: "Domain | Borrowed | Offer") -> "Iterator[Finding]":
    from waypost.check.lint import lint  # noqa: PLC0415 -- quick start

    return lint(one.provider, one.services, one.users)


def _told(found: "Iterator[Finding]", domain: str, domains: int | None) -> Iterator[Told]:
    return (Told(finding, domain, domains) for finding in found)
