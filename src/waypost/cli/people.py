"""Asking a directory for a user as a server does, from the command line."""

import asyncio
from typing import TYPE_CHECKING, Final

from waypost.address import EmailAddress
from waypost.model import Directory, Person

if TYPE_CHECKING:
    from waypost.settings import Settings

_QUIET: Final = "CRITICAL"
_WARNINGS: Final = "WARNING"


def person_for(settings: "Settings", directory: Directory, address: EmailAddress) -> Person | None:
    """Return who the user of an address is, or None, within the time limit of the directory.

    Raises:
        DirectoryUnavailable: it does not answer in time.
        DirectoryError: it cannot be used as it is.
    """
    from waypost.wiring import open_people  # noqa: PLC0415 -- quick start

    async def ask() -> Person | None:
        people = open_people(settings)
        try:
            return await people.person_for(directory, address)
        finally:
            await people.close()

    return asyncio.run(ask())


def keep_quiet() -> None:
    """Keep the log of this process away from what a command says.

    What a directory logs for operators, the command tells in its own words.
    """
    from waypost.logs import configure  # noqa: PLC0415 -- quick start

    configure(_QUIET, "console")


def log_warnings() -> None:
    """Write what the log of a server would warn of to standard error, not beside the result."""
    from waypost.logs import configure  # noqa: PLC0415 -- quick start

    configure(_WARNINGS, "console")
