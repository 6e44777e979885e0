"""Test the lookup of one user, step by step, for `waypost directory test` and for the pages."""

import time
from collections.abc import Iterator
from dataclasses import replace

from waypost.admin.lookups import find_user
from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import Directory, DirectoryPolicy, Domain, User
from waypost.directory.probe import probe
from waypost.directory.step import Step
from waypost.settings import Settings


class LookupReport:
    """One lookup.

    Attributes:
        user: the address for the directory, which is the address without its detail.
        directory: the directory that is asked; None if there is none.
        is_own: whether this is the directory of the domain.
        users: how this directory looks up the users of the domain.
        steps: the steps that are finished.
        found_user: the user that was found in the same way as by a server.
        is_unavailable: whether the directory is unavailable.
    """

    def __init__(
        self,
        settings: Settings,
        address: EmailAddress,
        domain: Domain | None,
        directory: Directory | None,
        seconds: float,
    ) -> None:
        """Initialize with the address to look up.

        Args:
            settings: the settings of a server.
            address: the address of the user.
            domain: the entry of the domain; None if the domain is not served.
            directory: the directory to ask instead of the directory of the domain.
            seconds: the time that the lookup of the domain took.
        """
        self._settings = settings
        self.address = address
        self.user = address if domain is None else domain.mailbox_of(address)
        self._domain = domain
        self._seconds = seconds
        users = None if domain is None else domain.users
        own_directory = None if users is None else users.directory
        self.directory = own_directory if directory is None else directory
        self.is_own = self.directory is not None and self.directory == own_directory
        self.users = users
        if self.directory is not None and not self.is_own:
            self.users = DirectoryPolicy(self.directory) if users is None else users
        self.steps: list[Step] = []
        self.found_user: User | None = None
        self.is_unavailable = False

    @property
    def is_good(self) -> bool:
        """Return whether the user was found, and no step failed."""
        return self.found_user is not None and all(step.ok for step in self.steps)

    def run(self) -> Iterator[Step]:
        """Run all steps, and yield each when it is finished."""
        for step in self._all_steps():
            self.steps.append(step)
            yield step

    def _all_steps(self) -> Iterator[Step]:
        yield self._domain_step()
        if self.directory is None:
            return
        started = time.perf_counter()
        ca_file = self._settings.ldap_ca_file
        for step in probe(
            self.directory,
            self.user,
            ldap_ca_file=None if ca_file is None else str(ca_file),
        ):
            # The time that a step has measured itself is more exact.
            yield step if step.seconds else replace(step, seconds=_seconds_since(started))
            started = time.perf_counter()
        yield self._answer_step(self.directory)

    def _domain_step(self) -> Step:
        name, domain = self.address.domain, self._domain
        if domain is None:
            text, details = f"{name} is not served here", {}
        else:
            own_directory = None if domain.users is None else domain.users.directory.label
            directory_text = (
                "which has no directory"
                if own_directory is None
                else f"with directory {own_directory}"
            )
            text = (
                f"{name} is served as {domain.pattern} by {domain.provider.name}, {directory_text}"
            )
            details = {"pattern": domain.pattern.text, "provider": domain.provider.name}
            details |= {"directory": own_directory} if own_directory is not None else {}
        if self.user != self.address:
            text += f"; its user is {self.user}"
            details["user"] = str(self.user)
        if self.directory is None and domain is not None:
            text += "; choose one with --directory"
        elif self.directory is not None and not self.is_own:
            text += f"; asking {self.directory.label} instead"
        return Step("domain", self.directory is not None, text, dict(details), self._seconds)

    def _answer_step(self, directory: Directory) -> Step:
        """Look up the user again in the same way as a server, with its time limit and rules."""
        started = time.perf_counter()
        heading = f"lookup by a server, within {directory.limits.time_limit_seconds:g} s"
        try:
            self.found_user = find_user(self._settings, directory, self.user)
        except (DirectoryUnavailable, DirectoryError) as error:
            self.is_unavailable = True
            text = f"{heading}: no answer: {error}"
            return Step("answer", False, text, {"code": error.code}, _seconds_since(started))
        found = self.found_user is not None
        text = f"{heading}: {'found' if found else 'the user is not found'}"
        return Step("answer", found, text, {}, _seconds_since(started))


def _seconds_since(started: float) -> float:
    return time.perf_counter() - started
