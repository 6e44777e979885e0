"""Look up a user in a directory from the command line, in the same way as a server."""

import asyncio
from typing import TYPE_CHECKING, Final

from waypost.core.address import EmailAddress
from waypost.core.model import Directory, User

if TYPE_CHECKING:
    from waypost.settings import Settings

_QUIET: Final = "CRITICAL"
_WARNINGS: Final = "WARNING"


def user_for(settings: "Settings", directory: Directory, address: EmailAddress) -> User | None:
    """Return the user of an address, or None, within the time limit of the directory.

    Raises:
        DirectoryUnavailable: the directory does not answer in time.
        DirectoryError: the directory cannot be used as it is.
    """
    from waypost.wiring import open_people  # noqa: PLC0415 -- quick start

    async def ask() -> User | None:
        people = open_people(settings)
        try:
            return await people.person_for(directory, address)
        finally:
            await people.close()

    return asyncio.run(ask())


def keep_quiet() -> None:
    """Disable the log of this process, because the command reports the same in its output."""
    from waypost.runtime.logs import configure  # noqa: PLC0415 -- quick start

    configure(_QUIET, "console")


def log_warnings() -> None:
    """Write the warnings of the log to standard error, apart from the result."""
    from waypost.runtime.logs import configure  # noqa: PLC0415 -- quick start

    configure(_WARNINGS, "console")
