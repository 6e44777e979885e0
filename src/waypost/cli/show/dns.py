"""`waypost show dns`: the DNS records of a domain."""

import enum
from typing import Annotated

import typer

from waypost.cli.arguments import explain_missing_at_sign
from waypost.cli.options import DbUriFlag, DemoFlag, DomainArgument, ProvidersFlag, PublicUrlFlag
from waypost.cli.output import print_warnings, write_document
from waypost.cli.show.common import config_for_domain, parse_exact_domain
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import DomainMoved
from waypost.formats.dns import records_of, redirect_records_of, write
from waypost.formats.dns.domain_records import NO_PUBLIC_URL

TtlFlag = Annotated[
    int,
    typer.Option(
        "--ttl", metavar="SECONDS", min=1, max=2**31 - 1, help="TTL of the records, in seconds."
    ),
]


class RecordFormat(enum.StrEnum):
    """The output formats for DNS records."""

    ZONE = "zone"
    JSON = "json"
    OCTODNS = "octodns"
    TERRAFORM = "terraform"
    NSUPDATE = "nsupdate"


FormatFlag = Annotated[RecordFormat, typer.Option("--format", help="Output format.")]


def dns(  # noqa: PLR0913 -- each is a flag
    domain: DomainArgument,
    *,
    output_format: FormatFlag = RecordFormat.ZONE,
    public_url: PublicUrlFlag = None,
    ttl: TtlFlag = 3600,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print all DNS records that a domain should publish."""
    settings = load_settings(providers, demo, db_uri, public_url)
    name, url = parse_exact_domain(domain), settings.public_url
    try:
        with explain_missing_at_sign(domain):
            published = records_of(config_for_domain(name, settings), url, ttl)
    except DomainMoved as moved:
        published = redirect_records_of(name, moved, url, ttl)
    print_warnings(
        f"left out: {line}{', or use --public-url' if NO_PUBLIC_URL in line else ''}"
        for line in published.left_out
    )
    write_document(write(published, output_format))
