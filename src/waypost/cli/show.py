"""`waypost show`: what a client would get, with no server running."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from waypost.address import DomainName, EmailAddress
from waypost.cli.reporting import group
from waypost.cli.sources import DbUriFlag, DemoFlag, ProvidersFlag, settings_for
from waypost.errors import AddressError
from waypost.lookup import client_config
from waypost.model import ClientConfig

AddressArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, as alice@example.com.")
]
AddressOrDomainArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, or only a domain.")
]
NameFlag = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The user's name, for people.")
]


def build() -> typer.Typer:
    """Put the commands together."""
    app = group(
        "Print the bytes that a client would get. "
        "Exit code 1 where the domain is not served, or has nothing that the format can say."
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
    return app


def autoconfig(
    address: AddressOrDomainArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Autoconfig, for Thunderbird and many others; for a domain alone, with placeholders."""
    from waypost.formats.autoconfig import render  # noqa: PLC0415 -- quick start

    asked = EmailAddress.parse(address) if "@" in address else DomainName.parse(address)
    _print(_config(asked, name, providers, demo, db_uri), render)


def autodiscover(
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Autodiscover (POX), for Outlook and eM Client."""
    from waypost.formats.autodiscover import render  # noqa: PLC0415 -- quick start

    _print(_config(_whole(address), name, providers, demo, db_uri), render)


def mobileconfig(
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """A configuration profile, for Apple's devices."""
    from waypost.formats.mobileconfig import render  # noqa: PLC0415 -- quick start

    _print(_config(_whole(address), name, providers, demo, db_uri), render)


def _whole(address: str) -> EmailAddress:
    if "@" not in address:
        raise AddressError(f"{address}: this format needs an address, as alice@{address}")
    return EmailAddress.parse(address)


def _config(
    asked: EmailAddress | DomainName,
    name: str | None,
    providers: Path | None,
    demo: bool,
    db_uri: str | None,
) -> ClientConfig:
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    store = open_store(settings_for(providers, demo, db_uri))
    try:
        domain, address = (
            (asked.domain, asked) if isinstance(asked, EmailAddress) else (asked, None)
        )
        return client_config(store.find(domain), domain, address).named(name)
    finally:
        store.close()


def _print(config: ClientConfig, render: Callable[[ClientConfig], bytes]) -> None:
    typer.echo(render(config), nl=False)
