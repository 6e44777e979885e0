"""`waypost show mobileconfig`: the configuration profile for Apple devices."""

from typing import Annotated

import typer

from waypost.cli.options import DbUriFlag, DemoFlag, ProvidersFlag
from waypost.cli.output import write_document
from waypost.cli.show.common import (
    AddressArgument,
    NameFlag,
    NoDirectoryFlag,
    config_for_address,
    parse_address,
)
from waypost.cli.sources.settings import load_settings
from waypost.formats.mobileconfig.aliases import aliases_of
from waypost.formats.mobileconfig.profile import render
from waypost.wiring.profiles import profile_settings, signing_credentials

AliasFlag = Annotated[
    list[str] | None,
    typer.Option("--alias", metavar="ADDRESS", help="Another address of the mailbox; repeatable."),
]


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
    email_address, settings = parse_address(address), load_settings(providers, demo, db_uri)
    alias_addresses = aliases_of(email_address, [parse_address(alias) for alias in aliases or ()])
    config = config_for_address(email_address, name, settings, no_directory)
    profile = render(config, profile_settings(settings), aliases=alias_addresses)
    credentials = signing_credentials(settings, config.provider)
    if credentials is not None:
        from waypost.formats.mobileconfig.signing import sign  # noqa: PLC0415 -- cryptography needs 19 MB

        profile = sign(profile, credentials)
    write_document(profile)
