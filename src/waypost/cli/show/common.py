"""Common parts of `waypost show`: the configuration for an address or a domain."""

from collections.abc import Callable
from typing import Annotated

import typer

from waypost.admin.lookups import config_of_entry, find_domain
from waypost.cli.arguments import parse_domain
from waypost.cli.logs import disable_log
from waypost.cli.output import print_warnings, write_document
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, DomainError
from waypost.core.model import ClientConfig
from waypost.lookup.lookup import client_config
from waypost.settings import Settings

AddressArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, such as alice@example.com.")
]
NameFlag = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The display name of the user.")
]
NoDirectoryFlag = Annotated[
    bool,
    typer.Option("--no-directory", help="Do not ask a directory; print the general answer."),
]


def parse_address(address: str, what: str = "this format") -> EmailAddress:
    """Parse an address, for a format that requires an address.

    Args:
        address: the text.
        what: needs an address, for the error.

    Raises:
        AddressError: the text is a domain alone, or breaks a rule.
    """
    if "@" not in address:
        domain = address if "." in address else "example.com"
        raise AddressError(f"{address}: {what} needs an address such as alice@{domain}")
    return EmailAddress.parse(address)


def parse_exact_domain(text: str) -> DomainName:
    """Parse a domain, or the domain of an address, for a document of a whole domain.

    Raises:
        DomainError: the text is a pattern, or breaks a rule.
    """
    if "*" in text:
        raise DomainError("a pattern publishes nothing; use a domain that the pattern matches")
    return parse_domain(text)


def config_for_address(
    target: EmailAddress | DomainName,
    name: str | None,
    settings: Settings,
    no_directory: bool,
) -> ClientConfig:
    """Return the configuration that a server would use for its answer.

    Args:
        target: an address, or a domain alone.
        name: the display name, which is preferred to the name of a directory.
        settings: define the source of the domains.
        no_directory: do not ask the directory.

    Raises:
        DomainNotServed: nothing matches the domain, or the directory does not know the user.
        DomainMoved: the domain has a redirect.
        StoreError: the database cannot be used as it is.
    """
    disable_log()
    domain = target.domain if isinstance(target, EmailAddress) else target
    entry = find_domain(settings, domain)
    config = config_of_entry(entry, target, settings, _warn, ask_directory=not no_directory)
    return config.with_display_name(name)


def config_for_domain(domain: DomainName, settings: Settings) -> ClientConfig:
    """Return the configuration of a domain, without an address."""
    disable_log()
    return client_config(find_domain(settings, domain), domain, None)


def print_answer(config: ClientConfig, render: Callable[[ClientConfig], bytes]) -> None:
    """Write a configuration in a format, byte for byte.

    Raises:
        NoUsableService: the format cannot express any service.
    """
    write_document(render(config))


def _warn(line: str) -> None:
    print_warnings([line])
