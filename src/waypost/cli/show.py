"""`waypost show`: what a client would get, with no server running."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.address import DomainName, EmailAddress
from waypost.cli import show_domain
from waypost.cli.people import keep_quiet, person_for
from waypost.cli.reporting import group, warn
from waypost.cli.sources import DbUriFlag, DemoFlag, ProvidersFlag, settings_for
from waypost.errors import AddressError, DirectoryError, DirectoryUnavailable
from waypost.lookup import client_config
from waypost.model import ClientConfig, Directory, Person

if TYPE_CHECKING:
    from waypost.settings import Settings

AddressArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, as alice@example.com.")
]
AddressOrDomainArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, or only a domain.")
]
NameFlag = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The user's name, for people.")
]
AliasFlag = Annotated[
    list[str] | None,
    typer.Option("--alias", metavar="ADDRESS", help="Another address of the mailbox; repeatable."),
]
NoDirectoryFlag = Annotated[
    bool, typer.Option("--no-directory", help="Ask no directory: give the general answer.")
]


def build() -> typer.Typer:
    """Put the commands together."""
    app = group(
        "Print the bytes that a client would get, or a zone. "
        "Exit code 1 where the domain is not served, has nothing that the format can say, or "
        "declines a user whom its directory does not know."
    )
    app.command("autoconfig", epilog="Example: waypost show autoconfig alice@example.com --demo")(
        autoconfig
    )
    app.command(
        "autodiscover", epilog="Example: waypost show autodiscover alice@example.com --demo"
    )(autodiscover)
    app.command(
        "mobileconfig",
        epilog='Example: waypost show mobileconfig alice@example.com --name "Alice" --demo',
    )(mobileconfig)
    app.command("pacc", epilog="Example: waypost show pacc example.com --demo")(show_domain.pacc)
    app.command("dns", epilog=show_domain.DNS_EXAMPLE)(show_domain.dns)
    return app


def autoconfig(
    address: AddressOrDomainArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
) -> None:
    """Autoconfig, for Thunderbird and many others; for a domain alone, with placeholders."""
    from waypost.formats.autoconfig import render  # noqa: PLC0415 -- quick start

    asked = EmailAddress.parse(address) if "@" in address else DomainName.parse(address)
    _print(_config(asked, name, settings_for(providers, demo, db_uri), no_directory), render)


def autodiscover(
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
) -> None:
    """Autodiscover (POX), for Outlook and eM Client."""
    from waypost.formats.autodiscover import render  # noqa: PLC0415 -- quick start

    settings = settings_for(providers, demo, db_uri)
    _print(_config(_whole(address), name, settings, no_directory), render)


def mobileconfig(  # noqa: PLR0913, PLR0917 -- each is a flag
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
    aliases: AliasFlag = None,
) -> None:
    """A configuration profile, for Apple's devices; signed, where profiles are."""
    from waypost.formats.mobileconfig import render  # noqa: PLC0415 -- quick start
    from waypost.formats.profile_addresses import aliases_of  # noqa: PLC0415 -- quick start
    from waypost.wiring import profile_settings, signing_credentials  # noqa: PLC0415

    asked, settings = _whole(address), settings_for(providers, demo, db_uri)
    others = aliases_of(asked, [_whole(alias) for alias in aliases or ()])
    config = _config(asked, name, settings, no_directory)
    profile = render(config, profile_settings(settings), aliases=others)
    credentials = signing_credentials(settings, config.provider)
    if credentials is not None:
        from waypost.formats.signing import sign  # noqa: PLC0415 -- where it is needed

        profile = sign(profile, credentials)
    typer.echo(profile, nl=False)


def _whole(address: str) -> EmailAddress:
    if "@" not in address:
        raise AddressError(f"{address}: this format needs an address, as alice@{address}")
    return EmailAddress.parse(address)


def _config(
    asked: EmailAddress | DomainName,
    name: str | None,
    settings: "Settings",
    no_directory: bool,
) -> ClientConfig:
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
    is_here = entry is not None and entry.away is None and not no_directory
    if is_here and entry is not None and entry.users is not None and address is not None:
        person = _person(settings, entry.users.directory, address)
    return client_config(entry, domain, address, person).named(name)


def _person(settings: "Settings", directory: Directory, address: EmailAddress) -> Person | None:
    """Ask a directory as a server does: one that is away leaves the user as unknown as before."""
    try:
        return person_for(settings, directory, address)
    except (DirectoryUnavailable, DirectoryError) as error:
        warn([f"directory {directory.label}: {error}; this is the general answer"])
        return Person()


def _print(config: ClientConfig, render: Callable[[ClientConfig], bytes]) -> None:
    typer.echo(render(config), nl=False)
