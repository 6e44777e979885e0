"""Who asks, for `waypost show`: from an address or a domain to the configuration of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.address import DomainName, EmailAddress
from waypost.cli.people import keep_quiet, person_for
from waypost.cli.reporting import warn, write_document
from waypost.errors import AddressError, DirectoryError, DirectoryUnavailable
from waypost.lookup import client_config, question_for
from waypost.model import ClientConfig, Directory, Person

if TYPE_CHECKING:
    from waypost.settings import Settings

AddressArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, as alice@example.com.")
]
NameFlag = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The user's name, for people.")
]
NoDirectoryFlag = Annotated[
    bool, typer.Option("--no-directory", help="Ask no directory: give the general answer.")
]


def whole(address: str) -> EmailAddress:
    """Take an address for a format that cannot do without.

    Raises:
        AddressError: it is a domain alone, or breaks a rule.
    """
    if "@" not in address:
        domain = address if "." in address else "example.com"
        raise AddressError(f"{address}: this format needs an address, as alice@{domain}")
    return EmailAddress.parse(address)


def config_for(
    asked: EmailAddress | DomainName,
    name: str | None,
    settings: "Settings",
    no_directory: bool,
) -> ClientConfig:
    """Return the configuration that a server would answer with.

    Args:
        asked: an address, or a domain alone.
        name: the user's name, which comes before that of a directory.
        settings: say where the domains are.
        no_directory: whether to leave the directory in peace.

    Raises:
        DomainNotServed: nothing matches the domain, or the directory does not know the user.
        DomainMoved: its mail is elsewhere.
        StoreError: the database cannot be used as it is.
    """
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    keep_quiet()
    store = open_store(settings)
    try:
        domain, address = (
            (asked.domain, asked) if isinstance(asked, EmailAddress) else (asked, None)
        )
        entry = store.find(domain)
    finally:
        store.close()
    person: Person | None = Person()
    if address is not None and not no_directory:
        question = question_for(entry, address)
        if question is not None:
            person = _person(settings, *question)
    return client_config(entry, domain, address, person).named(name)


def print_answer(config: ClientConfig, render: Callable[[ClientConfig], bytes]) -> None:
    """Write what a format makes of a configuration, to the byte.

    Raises:
        NoUsableService: the format can say nothing.
    """
    write_document(render(config))


def _person(settings: "Settings", directory: Directory, address: EmailAddress) -> Person | None:
    """Ask a directory as a server does: one that is away leaves the user as unknown as before."""
    try:
        return person_for(settings, directory, address)
    except (DirectoryUnavailable, DirectoryError) as error:
        warn([f"directory {directory.label}: {error}; this is the general answer"])
        return Person()
