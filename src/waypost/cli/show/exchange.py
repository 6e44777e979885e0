"""`waypost show autodiscover`, `activesync` and `autodiscover-json`: Microsoft's formats.

A refusal is also a document in these formats. The commands print this document, and the reason on
standard error.
"""

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
    print_answer,
)
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import (
    DomainMoved,
    DomainNotServed,
    NoUsableService,
    ParameterMissing,
    ServiceNotOffered,
    UnknownProtocol,
)
from waypost.formats.autodiscover import activesync as activesync_format
from waypost.formats.autodiscover import json as v2
from waypost.formats.autodiscover import pox

ProtocolFlag = Annotated[
    str,
    typer.Option(
        "--protocol",
        metavar="PROTOCOL",
        help="The requested protocol: AutodiscoverV1, ActiveSync or Ews, in any case.",
    ),
]


def autodiscover(
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
) -> None:
    """Print an Autodiscover answer (POX), for Outlook.

    eM Client reads this format too. If there is no service, the answer is an ErrorCode.
    """
    settings, email_address = load_settings(providers, demo, db_uri), parse_address(address)
    try:
        print_answer(config_for_address(email_address, name, settings, no_directory), pox.render)
    except DomainMoved as moved:
        target = moved.address_domain, moved.url
        write_document(pox.render_redirect(email_address, *target))
        raise
    except (DomainNotServed, NoUsableService) as error:
        write_document(pox.render_refusal(error))
        raise


def activesync(
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
) -> None:
    """Print an Autodiscover answer for ActiveSync phones.

    If there is no ActiveSync service, the answer is ErrorCode 601.
    """
    settings, email_address = load_settings(providers, demo, db_uri), parse_address(address)
    try:
        print_answer(
            config_for_address(email_address, name, settings, no_directory),
            activesync_format.render,
        )
    except DomainMoved as moved:
        # If only a URL is known, the answer is an HTTP redirect, which has no body.
        if moved.address_domain is not None:
            write_document(activesync_format.render_redirect(email_address, moved.address_domain))
        raise
    except (DomainNotServed, ServiceNotOffered) as error:
        write_document(pox.render_refusal(error))
        raise


def autodiscover_json(
    address: AddressArgument,
    *,
    protocol: ProtocolFlag = "AutodiscoverV1",
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
) -> None:
    """Print an Autodiscover V2 answer (JSON), for Outlook.

    Outlook 2016 and newer request it; it is the URL of one protocol.
    """
    settings, email_address = load_settings(providers, demo, db_uri), parse_address(address)
    try:
        wanted_protocol = v2.parse_protocol(protocol)
        config = config_for_address(email_address, None, settings, no_directory)
        url = pox.own_url(settings.public_url, email_address.domain)
        write_document(v2.render(config, wanted_protocol, url))
    except (UnknownProtocol, ParameterMissing) as error:
        known = ", ".join(v2.Protocol)
        raise UnknownProtocol(f"--protocol: {protocol}: must be one of {known}") from error
    except DomainMoved:
        # The answer is an HTTP redirect, which has no body.
        raise
    except (DomainNotServed, ServiceNotOffered) as error:
        write_document(v2.render_refusal(error))
        raise
