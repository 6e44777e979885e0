"""The parts that domains share: a million domains have only a few different offers."""

from dataclasses import dataclass
from typing import Final

from waypost.core.model import DirectoryPolicy, Domain, DomainPattern, Provider, Redirect, Service

_REMEMBERED_MAX: Final = 4096
# What the columns of `provider` hold.
_NAME_MAX_CHARS: Final = 128
_SHORT_NAME_MAX_CHARS: Final = 32


@dataclass(frozen=True, slots=True)
class DomainEntry:
    """The entry of a domain without its name.

    Attributes:
        provider: None if it is missing; then each domain is its own provider.
    """

    provider: Provider | None
    services: tuple[Service, ...]
    users: DirectoryPolicy | None
    redirect: Redirect | None = None

    def for_domain(self, name: str) -> Domain:
        """Return the entry of a domain.

        Args:
            name: the text of its pattern.
        """
        provider = named_after(name) if self.provider is None else self.provider
        return Domain(DomainPattern(name), provider, self.services, self.users, self.redirect)


def named_after(pattern: str) -> Provider:
    """Return a provider for a domain that has none, with the name of the domain.

    Args:
        pattern: `example.com`, or `*.example.com` for all domains below it.
    """
    name = pattern.removeprefix("*.")
    return Provider(name[:_NAME_MAX_CHARS], name[:_SHORT_NAME_MAX_CHARS])


class EntryTable:
    """A table of different offers, numbered from 0 in the order of their first domain."""

    def __init__(self) -> None:
        """Create an empty table."""
        self._offers: list[DomainEntry] = []
        self._numbers: dict[DomainEntry, int] = {}
        # By the identity of their parts, because nested values are slow to hash. The offer keeps
        # the parts alive, so that no other object gets the same identity.
        self._remembered: dict[tuple[int, int, int, int], tuple[int, DomainEntry]] = {}

    def __len__(self) -> int:
        """Return the number of different offers."""
        return len(self._offers)

    def __getitem__(self, number: int) -> DomainEntry:
        """Return the offer with a number."""
        return self._offers[number]

    def number(self, one: Domain | DomainEntry) -> int:
        """Return the number of an offer, or of the offer of a domain."""
        key = (id(one.provider), id(one.services), id(one.users), id(one.redirect))
        if (remembered := self._remembered.get(key)) is not None:
            return remembered[0]
        offer = DomainEntry(one.provider, one.services, one.users, one.redirect)
        number = self._numbers.setdefault(offer, len(self._offers))
        if number == len(self._offers):
            self._offers.append(offer)
        if len(self._remembered) >= _REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[key] = (number, offer)
        return number
