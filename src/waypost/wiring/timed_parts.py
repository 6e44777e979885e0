"""The parts of a worker that a request waits for, with a clock in front of each."""

from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import Directory, Domain, Provider, User
from waypost.lookup.lookup import DomainFinder, UserFinder
from waypost.profiles.signers import ProfileSigners
from waypost.runtime.part_times import PartTimes


class TimedDomains:
    """A finder of domains whose time is measured. Implements `lookup.DomainFinder`."""

    def __init__(self, domains: DomainFinder, times: PartTimes) -> None:
        """Initialize with the finder, and what gets the times."""
        self._domains = domains
        self._times = times

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, or None. Errors are those of `store.Store.find`."""
        return await self._times.measure("database", self._domains.find(domain))


class TimedUsers:
    """A finder of users whose time is measured. Implements `lookup.UserFinder`."""

    def __init__(self, users: UserFinder, times: PartTimes) -> None:
        """Initialize with the finder, and what gets the times."""
        self._users = users
        self._times = times

    async def user_for(self, directory: Directory, address: EmailAddress) -> User | None:
        """Return a user, or None. Errors are those of `directory.Directory.find`."""
        return await self._times.measure("directory", self._users.user_for(directory, address))


class TimedSigner:
    """A signer of profiles whose time is measured. Implements `web.app_context.Signing`."""

    def __init__(self, signer: ProfileSigners, times: PartTimes) -> None:
        """Initialize with the signer, and what gets the times."""
        self._signer = signer
        self._times = times
        # Not measured: it never waits, neither for a file nor for another thread.
        self.sign_at_once = signer.sign_at_once

    async def sign(self, profile: bytes, provider: Provider, *, may_cache: bool = True) -> bytes:
        """Return a profile, signed if it must be. Errors are those of `ProfileSigners.sign`."""
        signing = self._signer.sign(profile, provider, may_cache=may_cache)
        return await self._times.measure("signing", signing)
