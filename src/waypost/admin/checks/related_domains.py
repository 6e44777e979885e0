"""Domains of the operator whose services a new domain probably has, also of a million domains."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Final

from waypost.admin.domains import DomainCases
from waypost.admin.objects import domain_object
from waypost.admin.principal import Principal
from waypost.admin.readers import open_reader
from waypost.admin.results import Data
from waypost.admin.source import AdminSource
from waypost.core.model import Domain, DomainPattern, MatchKind
from waypost.setup.search import parent_domains
from waypost.store.sql.listing import DomainFilter

SUGGESTIONS_MAX: Final = 20
_DOMAINS_OF_PROVIDER: Final = 50
_DOMAINS_OF_HOST: Final = 20


@dataclass(frozen=True, slots=True)
class RelatedDomains:
    """Domains that a principal sees, found by indexes: no search walks over all domains."""

    source: AdminSource
    principal: Principal

    def suggestions(self) -> tuple[Data, ...]:
        """Return domains with different services: first one of each provider, then the second."""
        with open_reader(self.source) as reader:
            providers = sorted({one.name for one in reader.providers(self.principal)})
        found = zip_longest(*map(self._different, providers[:SUGGESTIONS_MAX]))
        known = (one for one in chain.from_iterable(found) if one is not None)
        return tuple(islice(known, SUGGESTIONS_MAX))

    def sharing(self, exchangers: Sequence[str], suggestions: Sequence[Data]) -> Iterator[Domain]:
        """Yield domains that may have the servers of some MX hosts, the most probable ones first.

        They are the domains that an MX host is in, a domain with a service at each MX host, and
        the suggestions. The caller stops when one of them fits.

        Args:
            exchangers: the MX hosts of a new domain, as DNS has them.
            suggestions: from `suggestions()`.
        """
        names = dict.fromkeys(chain.from_iterable(map(parent_domains, exchangers)))
        yield from self._entries(names)
        for host in exchangers:
            # Patterns such as `*.example.com` are before the names.
            found = self._listed(DomainFilter(host=host), _DOMAINS_OF_HOST)
            yield from islice((one for one in found if one.pattern.kind is MatchKind.EXACT), 1)
        yield from self._entries([one["name"] for one in suggestions])

    def _entries(self, names: Iterable[str]) -> tuple[Domain, ...]:
        with open_reader(self.source) as reader:
            found = [reader.domain(DomainPattern(name)) for name in names]
        sees = self.principal.sees_domain
        return tuple(one for one in found if one and sees(one.pattern, one.provider.name))

    def _different(self, provider: str) -> tuple[Data, ...]:
        found: dict[str, Data] = {}
        for domain in self._listed(DomainFilter(provider=provider), _DOMAINS_OF_PROVIDER):
            one = domain_object(domain).data
            if one.get("services"):
                found.setdefault(f"{one['services']}", one)
        return tuple(found.values())

    def _listed(self, wanted: DomainFilter, limit: int) -> list[Domain]:
        return DomainCases(self.source, self.principal).first(wanted, limit)
