"""Look up a domain or a user from the command line, in the same way as a server."""

import asyncio
from contextlib import closing

from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import Directory, Domain, User
from waypost.settings import Settings
from waypost.wiring import open_directories, open_store


def find_domain(settings: Settings, name: DomainName) -> Domain | None:
    """Open the source of the domains, and return the entry that matches a domain, or None.

    Raises:
        ProvidersError: mistakes in the providers file.
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
    """
    with closing(open_store(settings)) as store:
        return store.find(name)


def find_user(settings: Settings, directory: Directory, address: EmailAddress) -> User | None:
    """Return the user of an address, or None, within the time limit of the directory.

    Raises:
        DirectoryUnavailable: the directory does not answer in time.
        DirectoryError: the directory cannot be used as it is.
    """

    async def ask() -> User | None:
        people = open_directories(settings)
        try:
            return await people.user_for(directory, address)
        finally:
            await people.close()

    return asyncio.run(ask())
