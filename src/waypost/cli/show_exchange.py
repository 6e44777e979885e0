"""`waypost show autodiscover`, `activesync` and `autodiscover-json`: what Microsoft's formats say.

A refusal is a document in these formats, so it is printed as well, beside the line on standard
error that says why.
"""

from typing import Annotated, Final

import typer

from waypost.cli.reporting import write_document
from waypost.cli.show_asked import (
    AddressArgument,
    NameFlag,
    NoDirectoryFlag,
    config_for,
    print_answer,
    whole,
)
from waypost.cli.sources import DbUriFlag, DemoFlag, ProvidersFlag, settings_for
from waypost.errors import (
    DomainMoved,
    DomainNotServed,
    NoUsableService,
    ParameterMissing,
    ServiceNotOffered,
    UnknownProtocol,
)

AUTODISCOVER_EXAMPLE: Final = "Example: waypost show autodiscover alice@example.com --demo"
ACTIVESYNC_EXAMPLE: Final = "Example: waypost show activesync alice@example.com"
JSON_EXAMPLE: Final = (
    "Example: waypost show autodiscover-json alice@example.com --protocol ActiveSync"
)
ProtocolFlag = Annotated[
    str,
    typer.Option(
        "--protocol",
        metavar="PROTOCOL",
        help="What the client asks for: AutodiscoverV1, ActiveSync or Ews, in any case.",
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
    """Autodiscover (POX), for Outlook and eM Client; an ErrorCode where there is nothing."""
    from waypost.formats import autodiscover  # noqa: PLC0415 -- quick start

    settings, asked = settings_for(providers, demo, db_uri), whole(address)
    try:
        print_answer(config_for(asked, name, settings, no_directory), autodiscover.render)
    except DomainMoved as moved:
        place = moved.address_domain, moved.url
        write_document(autodiscover.render_redirect(asked, *place))
        raise
    except (DomainNotServed, NoUsableService) as error:
        write_document(autodiscover.render_refusal(error))
        raise


def activesync(
    address: AddressArgument,
    name: NameFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    no_directory: NoDirectoryFlag = False,
) -> None:
    """Autodiscover in ActiveSync's words, for phones; ErrorCode 601 where there is none."""
    from waypost.formats import activesync, autodiscover  # noqa: PLC0415 -- quick start

    settings, asked = settings_for(providers, demo, db_uri), whole(address)
    try:
        print_answer(config_for(asked, name, settings, no_directory), activesync.render)
    except DomainMoved as moved:
        # Where only a URL is known, the answer is a redirect of HTTP, which has no body.
        if moved.address_domain is not None:
            write_document(activesync.render_redirect(asked, moved.address_domain))
        raise
    except (DomainNotServed, ServiceNotOffered) as error:
        write_document(autodiscover.render_refusal(error))
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
    """Autodiscover V2 (JSON), for Outlook 2016 and newer: the URL of one protocol."""
    from waypost.formats import autodiscover_json  # noqa: PLC0415 -- quick start
    from waypost.web.public.autodiscover import own_url  # noqa: PLC0415 -- quick start

    settings, asked = settings_for(providers, demo, db_uri), whole(address)
    try:
        wanted = autodiscover_json.parse_protocol(protocol)
        config = config_for(asked, None, settings, no_directory)
        url = own_url(settings.public_url, asked.domain)
        write_document(autodiscover_json.render(config, wanted, url))
    except (UnknownProtocol, ParameterMissing) as error:
        known = ", ".join(autodiscover_json.Protocol)
        raise UnknownProtocol(f"--protocol: {protocol}: is none of {known}") from error
    except DomainMoved:
        # The answer is a redirect of HTTP, which has no body.
        raise
    except (DomainNotServed, ServiceNotOffered) as error:
        write_document(autodiscover_json.render_refusal(error))
        raise
