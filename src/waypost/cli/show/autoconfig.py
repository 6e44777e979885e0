"""`waypost show autoconfig`: the document that Thunderbird reads."""

from typing import Annotated

import typer

from waypost.cli.arguments import explain_missing_at_sign, parse_address_or_domain
from waypost.cli.options import DbUriFlag, DemoFlag, ProvidersFlag
from waypost.cli.show.common import NameFlag, NoDirectoryFlag, config_for_address, print_answer
from waypost.cli.sources.settings import load_settings
from waypost.formats.autoconfig import render

AddressOrDomainArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, or a domain alone.")
]


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
    target = parse_address_or_domain(address)
    settings = load_settings(providers, demo, db_uri)
    with explain_missing_at_sign(address):
        config = config_for_address(target, name, settings, no_directory)
    print_answer(config, render)
