"""Interning: a million domains share a few different entries, and each entry is stored once."""

from dataclasses import dataclass
from typing import Final

from waypost.core.model import DirectoryPolicy, Domain, DomainPattern, Provider, Redirect, Service

_IDENTITIES_MAX: Final = 4096
# What the columns of `provider` hold.
_NAME_MAX_CHARS: Final = 128
_SHORT_NAME_MAX_CHARS: Final = 32


@dataclass(frozen=True, slots=True)
class DomainEntry:
    """The entry of a domain without its name.

    Attributes:
        provider: None if it is missing; then each domain is its own provider.
        alias_of: as in `Domain`.
    """

    provider: Provider | None
    services: tuple[Service, ...]
    users: DirectoryPolicy | None
    redirect: Redirect | None = None
    alias_of: str | None = None

    def for_domain(self, name: str) -> Domain:
        """Return the entry of a domain.

        Args:
            name: the text of its pattern.
        """
        provider = default_provider(name) if self.provider is None else self.provider
        pattern, alias_of = DomainPattern(name), self.alias_of
        if alias_of is None:
            return Domain(pattern, provider, self.services, self.users, self.redirect)
        shared = (provider, self.services, self.users, self.redirect)
        return Domain(pattern, *shared, alias_of=alias_of)


def default_provider(pattern: str) -> Provider:
    """Return a provider for a domain that has none, with the name of the domain.

    Args:
        pattern: `example.com`, or `*.example.com` for all domains below it.
    """
    name = pattern.removeprefix("*.")
    return Provider(name[:_NAME_MAX_CHARS], name[:_SHORT_NAME_MAX_CHARS])


class EntryTable:
    """A table of different entries, numbered from 0 in the order of their first domain."""

    def __init__(self) -> None:
        """Create an empty table."""
        self._entries: list[DomainEntry] = []
        self._numbers: dict[DomainEntry, int] = {}
        # By the identity of their parts, because nested values are slow to hash. The entry keeps
        # the parts alive, so that no other object gets the same identity.
        self._by_identity: dict[tuple[int, int, int, int, str | None], tuple[int, DomainEntry]] = {}

    def __len__(self) -> int:
        """Return the number of different entries."""
        return len(self._entries)

    def __getitem__(self, number: int) -> DomainEntry:
        """Return the entry with a number."""
        return self._entries[number]

    def number(self, domain: Domain | DomainEntry) -> int:
        """Return the number of an entry, or of the entry of a domain."""
        key = (
            id(domain.provider),
            id(domain.services),
            id(domain.users),
            id(domain.redirect),
            domain.alias_of,
        )
        if (known := self._by_identity.get(key)) is not None:
            return known[0]
        entry = DomainEntry(
            domain.provider, domain.services, domain.users, domain.redirect, domain.alias_of
        )
        number = self._numbers.setdefault(entry, len(self._entries))
        if number == len(self._entries):
            self._entries.append(entry)
        if len(self._by_identity) >= _IDENTITIES_MAX:
            self._by_identity.clear()
        self._by_identity[key] = (number, entry)
        return number
