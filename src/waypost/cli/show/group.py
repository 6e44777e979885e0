"""`waypost show`: print what a client receives, without a running server."""

from typing import Annotated

import typer

from waypost.cli.arguments import address_or_domain, explained_word
from waypost.cli.options import DbUriFlag, DemoFlag, ProvidersFlag, settings_for
from waypost.cli.output import group, write_document
from waypost.cli.show import domain, exchange, outlook
from waypost.cli.show.common import (
    AddressArgument,
    NameFlag,
    NoDirectoryFlag,
    config_for,
    print_answer,
    whole,
)

AddressOrDomainArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, or a domain alone.")
]
AliasFlag = Annotated[
    list[str] | None,
    typer.Option("--alias", metavar="ADDRESS", help="Another address of the mailbox; repeatable."),
]


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group(
        "Print what a client receives, without a running server. "
        "Exit code 1 if the domain is not served, if the format cannot express its services, or "
        "if its directory does not know the user and the domain declines unknown users. Then "
        "autodiscover, activesync and autodiscover-json print the refusal that a client receives."
    )
    app.command("autoconfig", epilog="Example: waypost show autoconfig alice@example.com --demo")(
        autoconfig
    )
    app.command("autodiscover", epilog=exchange.AUTODISCOVER_EXAMPLE)(exchange.autodiscover)
    app.command(
        "mobileconfig",
        epilog='Example: waypost show mobileconfig alice@example.com --name "Alice" --demo',
    )(mobileconfig)
    app.command("activesync", epilog=exchange.ACTIVESYNC_EXAMPLE)(exchange.activesync)
    app.command("autodiscover-json", epilog=exchange.JSON_EXAMPLE)(exchange.autodiscover_json)
    app.command("pacc", epilog="Example: waypost show pacc example.com --demo")(domain.pacc)
    app.command("dns", epilog=domain.DNS_EXAMPLE)(domain.dns)
    app.command("outlook-reg", epilog=outlook.EXAMPLE)(outlook.outlook_reg)
    return app


def autoconfig(
    address: AddressOrDomainArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
) -> None:
    """Print an Autoconfig document, for Thunderbird.

    Many other clients read this format too. For a domain alone, the document has placeholders.
    """
    from waypost.formats.autoconfig import render  # noqa: PLC0415 -- quick start

    asked = address_or_domain(address)
    settings = settings_for(providers, demo, db_uri)
    with explained_word(address):
        config = config_for(asked, name, settings, no_directory)
    print_answer(config, render)


def mobileconfig(  # noqa: PLR0913, PLR0917 -- each is a flag
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
    aliases: AliasFlag = None,
) -> None:
    """Print a configuration profile, for Apple devices.

    The profile is signed if the settings or the provider have a certificate for it.
    """
    from waypost.formats.mobileconfig.aliases import aliases_of  # noqa: PLC0415 -- quick start
    from waypost.formats.mobileconfig.profile import render  # noqa: PLC0415 -- quick start
    from waypost.wiring import profile_settings, signing_credentials  # noqa: PLC0415

    asked, settings = whole(address), settings_for(providers, demo, db_uri)
    others = aliases_of(asked, [whole(alias) for alias in aliases or ()])
    config = config_for(asked, name, settings, no_directory)
    profile = render(config, profile_settings(settings), aliases=others)
    credentials = signing_credentials(settings, config.provider)
    if credentials is not None:
        from waypost.formats.mobileconfig.signing import sign  # noqa: PLC0415 -- where it is needed

        profile = sign(profile, credentials)
    write_document(profile)
