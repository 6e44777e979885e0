"""Look up a user in a directory from the command line, in the same way as a server."""

import asyncio
from typing import TYPE_CHECKING, Final

from waypost.address import EmailAddress
from waypost.model import Directory, Person

if TYPE_CHECKING:
    from waypost.settings import Settings

_QUIET: Final = "CRITICAL"
_WARNINGS: Final = "WARNING"


def person_for(settings: "Settings", directory: Directory, address: EmailAddress) -> Person | None:
    """Return the user of an address, or None, within the time limit of the directory.

    Raises:
        DirectoryUnavailable: the directory does not answer in time.
        DirectoryError: the directory cannot be used as it is.
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
    """Disable the log of this process, because the command reports the same in its output."""
    from waypost.logs import configure  # noqa: PLC0415 -- quick start

    configure(_QUIET, "console")


def log_warnings() -> None:
    """Write the warnings of the log to standard error, apart from the result."""
    from waypost.logs import configure  # noqa: PLC0415 -- quick start

    configure(_WARNINGS, "console")
