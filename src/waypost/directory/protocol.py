"""The protocol that every kind of user directory (LDAP, SQL, file) implements."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from waypost.core.address import EmailAddress

Entry = Mapping[str, Sequence[str]]
"""The values of each attribute of one user. Attribute names match in any case."""


class DirectorySource(Protocol):
    """A source of user data.

    The methods may block, so `directory.resilient` calls them in threads. Several threads may call
    them at once.
    """

    def find(self, address: EmailAddress) -> Entry | None:
        """Return the entry of the user that an address belongs to, or None if no user is found.

        More than one hit counts as an unknown user, and is logged as ambiguous.

        Raises:
            DirectoryUnavailable: the directory does not answer; a later attempt may succeed.
            DirectoryError: the directory answers, but the operator must first fix the directory or
                its configuration.
        """
        ...

    def close(self) -> None:
        """Close connections and files. Closing twice does nothing."""
        ...
