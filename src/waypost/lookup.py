"""From an address or a domain to the one configuration that all formats are made of.

This is the only place where the store and the directory meet.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from waypost.address import DomainName, EmailAddress
from waypost.errors import (
    DirectoryError,
    DirectoryUnavailable,
    DomainMoved,
    DomainNotServed,
    UserDeclined,
)
from waypost.model import Away, ClientConfig, Directory, Domain, Person, UnknownUser
from waypost.placeholders import expand_domain

# MS-OXDSCLI s3.1.5.2: clients stop after ten redirects.
_MOVES_MAX: Final = 10


class DomainFinder(Protocol):
    """What the lookup asks for domains without ever blocking the event loop."""

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None. Errors are those of `store.Store.find`."""
        ...


class PersonFinder(Protocol):
    """What the lookup asks for users without ever blocking the event loop."""

    async def person_for(self, directory: Directory, address: EmailAddress) -> Person | None:
        """Return who a user is, or None. Errors are those of `directory.Directory.find`."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What store and directory know of a domain or an address.

    Attributes:
        entry: what the store found; served here.
        domain: the one that was asked for.
        address: None where only the domain is known.
        person: who the user is; empty where that is not known.
    """

    entry: Domain
    domain: DomainName
    address: EmailAddress | None
    person: Person

    def config(self) -> ClientConfig:
        """Make the configuration of it; with an address no placeholder is left in it."""
        return expand_domain(self.entry, self.domain, self.address, self.person)


class Lookup:
    """Answers for a running server."""

    def __init__(
        self, domains: DomainFinder, people: PersonFinder, public_url: str | None = None
    ) -> None:
        """Take the cache in front of the store, and the directories.

        Nobody is sent to `public_url`, where clients reach Waypost, as to another place.
        """
        self._domains = domains
        self._public_url = public_url
        self._people = people

    async def for_address(self, address: EmailAddress) -> ClientConfig:
        """Return the configuration for an address; no placeholder is left in it.

        Errors are those of `about_address`.
        """
        return (await self.about_address(address)).config()

    async def about_address(self, address: EmailAddress) -> Found:
        """Find what is known of an address.

        A directory that does not answer leaves the user as unknown as it was.

        Raises:
            DomainNotServed: nothing matches the domain of the address, or it is declined.
            DomainMoved: its mail is elsewhere.
            UserDeclined: the directory does not know the user, and unknown ones get nothing.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        entry = await self._domains.find(address.domain)
        if entry is not None and entry.away and await self._is_loop(entry.away, address.domain):
            raise DomainNotServed(f"{address.domain} is not served here")
        person: Person | None = Person()
        if (question := question_for(entry, address)) is not None:
            try:
                person = await self._people.person_for(*question)
            except (DirectoryUnavailable, DirectoryError):
                person = Person()
        return _found(entry, address.domain, address, person, self._public_url)

    async def entry_for(self, domain: DomainName) -> Domain | None:
        """Return the entry that matches a domain, served or not, or None.

        Raises:
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        return await self._domains.find(domain)

    async def for_domain(self, domain: DomainName) -> ClientConfig:
        """Return the configuration for a domain; what needs the local part stays a placeholder.

        Errors are those of `about_domain`.
        """
        return (await self.about_domain(domain)).config()

    async def about_domain(self, domain: DomainName) -> Found:
        """Find what is known of a domain.

        Raises:
            DomainNotServed: nothing matches the domain, or it is declined.
            DomainMoved: its mail is elsewhere.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        entry = await self._domains.find(domain)
        if entry is not None and entry.away and await self._is_loop(entry.away, domain):
            raise DomainNotServed(f"{domain} is not served here")
        return _found(entry, domain, None, Person(), self._public_url)

    async def _is_loop(self, away: Away, domain: DomainName) -> bool:
        """Return whether a domain has moved to another one, and by that at last to itself.

        A providers file with such a loop is refused; rows of a database may have one.
        """
        passed: set[str] = set()
        moved_to = away.address_domain
        while moved_to is not None and moved_to not in passed and len(passed) < _MOVES_MAX:
            if moved_to == domain.ascii:
                return True
            passed.add(moved_to)
            following = await self._domains.find(DomainName.parse(moved_to))
            further = None if following is None else following.away
            moved_to = None if further is None else further.address_domain
        return False


def question_for(
    entry: Domain | None, address: EmailAddress
) -> tuple[Directory, EmailAddress] | None:
    """Return the directory that knows who a user is, and the address that it knows.

    All sub-addresses of a user are one question (RFC 5233), so that they have one answer.

    Returns:
        None where there is none, where the mail of the domain is elsewhere, and where the address
        stands for any user of the domain.
    """
    if entry is None or entry.away is not None or entry.users is None or address.is_stand_in:
        return None
    return entry.users.directory, entry.provider.user_of(address)


def client_config(
    entry: Domain | None,
    domain: DomainName,
    address: EmailAddress | None,
    person: Person | None = Person(),  # noqa: B008 -- an immutable value
) -> ClientConfig:
    """Make a configuration from what a store and a directory found.

    Args:
        entry: what the store found, or None.
        domain: the one that was asked for.
        address: None where only the domain is known.
        person: who the user is; empty where that is not known, None where the directory knows that
            there is no such user.

    Raises:
        DomainNotServed: the store found nothing, or something that is declined.
        DomainMoved: the mail of the domain is elsewhere.
        UserDeclined: there is no such user, and the domain gives nothing to unknown ones.
    """
    return _found(entry, domain, address, person).config()


def _found(
    entry: Domain | None,
    domain: DomainName,
    address: EmailAddress | None,
    person: Person | None,
    public_url: str | None = None,
) -> Found:
    if entry is None:
        raise DomainNotServed(f"{domain} is not served here")
    if entry.away is not None:
        raise _elsewhere(entry.away, domain, public_url)
    users = entry.users
    if person is None:
        if users is not None and users.unknown_user is UnknownUser.DECLINE:
            raise UserDeclined("nothing is known of this address here")
        person = Person()
    if users is None or not users.show_display_name:
        person = Person(person.login_name, None, person.attributes)
    return Found(entry, domain, address, person)


def _elsewhere(away: Away, domain: DomainName, public_url: str | None) -> DomainNotServed:
    """Return the error for a domain whose mail is elsewhere."""
    place = away.address_domain or away.url
    # A pattern may hold the very domain that it sends to: nobody shall go round in a circle.
    if place is None or away.leads_back(domain, public_url):
        return DomainNotServed(f"{domain} is not served here")
    return DomainMoved(f"{domain} has moved to {place}", away.address_domain, away.url)
