"""From an address or a domain to the one configuration that all formats render.

This is the only module that uses both the store and the directory.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import (
    DirectoryError,
    DirectoryUnavailable,
    DomainMoved,
    DomainNotServed,
    DomainUnknown,
    UserDeclined,
)
from waypost.core.model import ClientConfig, Directory, Domain, Redirect, UnknownUser, User
from waypost.core.placeholders import expand_domain

# MS-OXDSCLI s3.1.5.2: clients stop after ten redirects.
_MOVES_MAX: Final = 10


class DomainFinder(Protocol):
    """Finds domains for the lookup, and never blocks the event loop."""

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None. Errors are those of `store.Store.find`."""
        ...


class FreshDomains(Protocol):
    """The domains in memory."""

    def find_fresh(self, domain: DomainName) -> tuple[Domain | None] | None:
        """Return the entry in memory, in a tuple; None if a request must query the store.

        Nothing is counted, and no query is started.
        """
        ...


class UserFinder(Protocol):
    """Finds users for the lookup, and never blocks the event loop."""

    async def user_for(self, directory: Directory, address: EmailAddress) -> User | None:
        """Return a user, or None. Errors are those of `directory.Directory.find`."""
        ...


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The entry of the store and the user of the directory, for a domain or an address.

    Attributes:
        entry: what the store found; served here.
        domain: the requested domain.
        address: None if only the domain is known.
        user: the user; empty if the user is not known.
    """

    entry: Domain
    domain: DomainName
    address: EmailAddress | None
    user: User

    def config(self) -> ClientConfig:
        """Return its configuration; with an address, no placeholder is left in it."""
        return expand_domain(self.entry, self.domain, self.address, self.user)


class Lookup:
    """The lookup of a running server."""

    def __init__(
        self, domains: DomainFinder, directories: UserFinder, public_url: str | None = None
    ) -> None:
        """Initialize with the cache of the store, and the directories.

        `public_url` is the URL of this server: a redirect to it would be a loop, and is not sent.
        """
        self._domains = domains
        self._public_url = public_url
        self._directories = directories

    async def for_address(self, address: EmailAddress) -> ClientConfig:
        """Return the configuration for an address; no placeholder is left in it.

        Errors are those of `find_by_address`.
        """
        return (await self.find_by_address(address)).config()

    async def find_by_address(self, address: EmailAddress) -> LookupResult:
        """Find the entry and the user of an address.

        If the directory does not answer, the lookup continues without the user's data.

        Raises:
            DomainNotServed: no entry matches the domain of the address, or it is declined.
            DomainMoved: the mail of the domain is on another server.
            UserDeclined: the directory has no such user, and the domain refuses unknown users.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        entry = await self._domains.find(address.domain)
        if (
            entry is not None
            and entry.redirect
            and await self._is_loop(entry.redirect, address.domain)
        ):
            raise DomainNotServed(f"{address.domain} is not served here")
        user: User | None = User()
        if (query := directory_query(entry, address)) is not None:
            try:
                user = await self._directories.user_for(*query)
            except (DirectoryUnavailable, DirectoryError):
                user = User()
        return _lookup_result(entry, address.domain, address, user, self._public_url)

    async def entry_for(self, domain: DomainName) -> Domain | None:
        """Return the entry that matches a domain, served or not, or None.

        Raises:
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        return await self._domains.find(domain)

    async def for_domain(self, domain: DomainName) -> ClientConfig:
        """Return the configuration for a domain; values with the local part stay placeholders.

        Errors are those of `find_by_domain`.
        """
        return (await self.find_by_domain(domain)).config()

    async def find_by_domain(self, domain: DomainName) -> LookupResult:
        """Find the entry of a domain.

        Raises:
            DomainNotServed: no entry matches the domain, or it is declined.
            DomainMoved: the mail of the domain is on another server.
            StoreUnavailable: the store does not answer, and no earlier answer is known.
        """
        entry = await self._domains.find(domain)
        if entry is not None and entry.redirect and await self._is_loop(entry.redirect, domain):
            raise DomainNotServed(f"{domain} is not served here")
        return _lookup_result(entry, domain, None, User(), self._public_url)

    async def _is_loop(self, redirect: Redirect, domain: DomainName) -> bool:
        """Return whether a domain redirects to another one, and in the end back to itself.

        A providers file with such a loop is refused; rows of a database may have one.
        """
        visited: set[str] = set()
        moved_to = redirect.address_domain
        while moved_to is not None and moved_to not in visited and len(visited) < _MOVES_MAX:
            if moved_to == domain.ascii:
                return True
            visited.add(moved_to)
            next_entry = await self._domains.find(DomainName.parse(moved_to))
            next_redirect = None if next_entry is None else next_entry.redirect
            moved_to = None if next_redirect is None else next_redirect.address_domain
        return False


def directory_query(
    entry: Domain | None, address: EmailAddress
) -> tuple[Directory, EmailAddress] | None:
    """Return the directory of a user, and the address to search in it.

    All sub-addresses of a user are one request (RFC 5233), so they get one answer.

    Returns:
        None if there is no directory, if the mail of the domain is on another server, or if the
        address is a placeholder for any user of the domain.
    """
    if entry is None or entry.redirect is not None or entry.users is None or address.is_anonymous:
        return None
    return entry.users.directory, entry.mailbox_of(address)


def client_config(
    entry: Domain | None,
    domain: DomainName,
    address: EmailAddress | None,
    user: User | None = User(),  # noqa: B008 -- an immutable value
) -> ClientConfig:
    """Return the configuration for the entry of a store and the user of a directory.

    Args:
        entry: what the store found, or None.
        domain: the requested domain.
        address: None if only the domain is known.
        user: the user; empty if the user is not known, None if the directory has no such user.

    Raises:
        DomainNotServed: the store found nothing, or the domain is declined.
        DomainMoved: the mail of the domain is on another server.
        UserDeclined: there is no such user, and the domain refuses unknown users.
    """
    return _lookup_result(entry, domain, address, user).config()


def _lookup_result(
    entry: Domain | None,
    domain: DomainName,
    address: EmailAddress | None,
    user: User | None,
    public_url: str | None = None,
) -> LookupResult:
    if entry is None:
        raise DomainUnknown(f"{domain} is not served here")
    if entry.redirect is not None:
        raise _moved_error(entry.redirect, domain, public_url)
    users = entry.users
    if user is None:
        if users is not None and users.unknown_user is UnknownUser.DECLINE:
            raise UserDeclined("there are no settings for this address")
        user = User()
    if users is None or not users.show_display_name:
        user = User(user.login_name, None, user.attributes)
    return LookupResult(entry, domain, address, user)


def _moved_error(redirect: Redirect, domain: DomainName, public_url: str | None) -> DomainNotServed:
    """Return the error for a domain whose mail is on another server."""
    target = redirect.address_domain or redirect.url
    # A pattern may contain the domain that it redirects to: this must not become a loop.
    if target is None or redirect.is_loop_for(domain, public_url):
        return DomainNotServed(f"{domain} is not served here")
    return DomainMoved(f"{domain} has moved to {target}", redirect.address_domain, redirect.url)
