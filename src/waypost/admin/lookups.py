"""Look up a domain or a user in the same way as a server, for commands and for administration."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Final

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import ClientConfig, Directory, Domain, User
from waypost.lookup.lookup import client_config, directory_query
from waypost.settings import Settings
from waypost.wiring.directories import open_directories
from waypost.wiring.stores import open_store

Warn = Callable[[str], None]
_GENERAL: Final = "this is the general answer"


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


def config_of_entry(
    entry: Domain | None,
    target: EmailAddress | DomainName,
    settings: Settings,
    warn: Warn,
    *,
    ask_directory: bool = True,
) -> ClientConfig:
    """Return the configuration that a server would use for its answer.

    Args:
        entry: what the store found for the domain.
        target: an address, or a domain alone.
        settings: define the directories.
        warn: gets a line if the directory is unavailable; then the answer is the general one.
        ask_directory: whether the directory is asked.

    Raises:
        DomainNotServed: nothing matches the domain, or the directory does not know the user.
        DomainMoved: the domain has a redirect.
    """
    domain, address = (
        (target.domain, target) if isinstance(target, EmailAddress) else (target, None)
    )
    user: User | None = User()
    if address is not None and ask_directory:
        query = directory_query(entry, address)
        if query is not None:
            user = _find_user(settings, query[0], query[1], warn)
    return client_config(entry, domain, address, user)


def _find_user(
    settings: Settings, directory: Directory, address: EmailAddress, warn: Warn
) -> User | None:
    """Return the user from a directory; if it is unavailable, warn and return an empty user."""
    try:
        return find_user(settings, directory, address)
    except (DirectoryUnavailable, DirectoryError) as error:
        warn(f"directory {directory.label}: {error}; {_GENERAL}")
        return User()
