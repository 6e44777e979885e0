"""What domains have in common: a million domains, but only a few different offers."""

from dataclasses import dataclass
from typing import Final

from waypost.model import Domain, DomainPattern, Provider, Service, Users

_REMEMBERED_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Offer:
    """All that is said about a domain, without its name."""

    provider: Provider
    services: tuple[Service, ...]
    users: Users | None

    def for_domain(self, name: str) -> Domain:
        """Give the entry of a domain.

        Args:
            name: the text of its pattern.
        """
        return Domain(DomainPattern(name), self.provider, self.services, self.users)


class Offers:
    """Every offer once, with a number, counted from 0 in the order of their first domain."""

    def __init__(self) -> None:
        """Begin with none."""
        self._offers: list[Offer] = []
        self._numbers: dict[Offer, int] = {}
        # By the identity of their parts: values of this depth are slow to hash. What is
        # remembered is kept alive by its offer, so that no identity is given out anew.
        self._remembered: dict[tuple[int, int, int], tuple[int, Offer]] = {}

    def __len__(self) -> int:
        """Give how many different offers there are."""
        return len(self._offers)

    def __getitem__(self, number: int) -> Offer:
        """Give the offer of a number."""
        return self._offers[number]

    def number(self, domain: Domain) -> int:
        """Give the number of a domain's offer."""
        key = (id(domain.provider), id(domain.services), id(domain.users))
        if (remembered := self._remembered.get(key)) is not None:
            return remembered[0]
        offer = Offer(domain.provider, domain.services, domain.users)
        number = self._numbers.setdefault(offer, len(self._offers))
        if number == len(self._offers):
            self._offers.append(offer)
        if len(self._remembered) >= _REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[key] = (number, offer)
        return number
