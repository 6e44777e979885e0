"""Look up a user in a directory from the command line, in the same way as a server."""

import asyncio

from waypost.core.address import EmailAddress
from waypost.core.model import Directory, User
from waypost.settings import Settings
from waypost.wiring import open_people


def user_for(settings: Settings, directory: Directory, address: EmailAddress) -> User | None:
    """Return the user of an address, or None, within the time limit of the directory.

    Raises:
        DirectoryUnavailable: the directory does not answer in time.
        DirectoryError: the directory cannot be used as it is.
    """

    async def ask() -> User | None:
        people = open_people(settings)
        try:
            return await people.user_for(directory, address)
        finally:
            await people.close()

    return asyncio.run(ask())
