"""Who a user is: one protocol, several kinds of directories."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from waypost.address import EmailAddress

Entry = Mapping[str, Sequence[str]]
"""What a directory says of one user: the values of each attribute, whose name is in any case."""


class Directory(Protocol):
    """A place that knows users. Its methods may block; `directory.guard` keeps them off the loop.

    Several threads may ask at once.
    """

    def find(self, address: EmailAddress) -> Entry | None:
        """Return what is said of the user of an address, or None where nobody is found.

        More than one hit is nobody, and is logged as ambiguous.

        Raises:
            DirectoryUnavailable: the directory does not answer; asking later may help.
            DirectoryError: it answers, but it or its configuration must be mended first.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files. Closing twice does nothing."""
        ...
