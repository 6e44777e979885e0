"""`waypost show pacc` and `waypost show dns`: what a domain publishes for all its users."""

import enum
from contextlib import closing
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from waypost.cli.arguments import explained_word, typed_domain
from waypost.cli.options import DbUriFlag, DemoFlag, ProvidersFlag, settings_for
from waypost.cli.output import warn, write_document
from waypost.cli.user_lookup import keep_quiet
from waypost.core.address import DomainName
from waypost.core.errors import DomainError, DomainMoved, SettingsError
from waypost.core.model import ClientConfig
from waypost.core.redaction import redact_if_url
from waypost.lookup.lookup import client_config

if TYPE_CHECKING:
    from waypost.settings import Settings

DNS_EXAMPLE = (
    "Example: waypost show dns example.com --public-url https://waypost.example.net --demo"
)
DomainArgument = Annotated[
    str,
    typer.Argument(metavar="DOMAIN", help="A domain such as example.com, or an address in it."),
]
PublicUrlFlag = Annotated[
    str | None,
    typer.Option(
        "--public-url",
        metavar="URL",
        help="The https URL where clients reach Waypost. Default: public_url of the settings.",
    ),
]
TtlFlag = Annotated[
    int,
    typer.Option(
        "--ttl", metavar="SECONDS", min=1, max=2**31 - 1, help="TTL of the records, in seconds."
    ),
]


class Form(enum.StrEnum):
    """The output formats for DNS records."""

    ZONE = "zone"
    JSON = "json"
    OCTODNS = "octodns"
    TERRAFORM = "terraform"
    NSUPDATE = "nsupdate"


FormFlag = Annotated[Form, typer.Option("--format", help="Output format.")]


def pacc(
    domain: DomainArgument,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print a PACC document, byte for byte.

    The digest in DNS is the digest of this output.
    """
    from waypost.formats.pacc.document import render  # noqa: PLC0415 -- quick start

    asked = _domain(domain)
    with explained_word(domain):
        config = config_of(asked, settings_for(providers, demo, db_uri))
    write_document(render(config))


def dns(  # noqa: PLR0913 -- each is a flag
    domain: DomainArgument,
    *,
    form: FormFlag = Form.ZONE,
    public_url: PublicUrlFlag = None,
    ttl: TtlFlag = 3600,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print all DNS records that a domain should publish."""
    from waypost.formats.dns import publish, publish_moved, write  # noqa: PLC0415 -- quick start

    settings, asked = settings_for(providers, demo, db_uri), _domain(domain)
    url = settings.public_url if public_url is None else checked_url(public_url)
    try:
        with explained_word(domain):
            published = publish(config_of(asked, settings), url, ttl)
    except DomainMoved as moved:
        published = publish_moved(asked, moved, url, ttl)
    warn(f"left out: {line}" for line in published.left_out)
    write_document(write(published, form))


def checked_url(url: str) -> str:
    """Return the URL of this server if it is valid.

    Raises:
        SettingsError: the text is not an https URL with a host name and without a path.
    """
    from waypost.providers_file.validators import RuleBroken, check_web_url  # noqa: PLC0415 -- quick start

    try:
        parts = urlsplit(check_web_url(url))
        DomainName.parse(parts.hostname or "")
    except RuleBroken as error:
        raise SettingsError([f"--public-url: {redact_if_url(url)}: {error}"]) from error
    except DomainError as error:
        reason = "its host must be a host name, not an IP address"
        raise SettingsError([f"--public-url: {redact_if_url(url)}: {reason}"]) from error
    # As in the settings: a record in DNS can point to a host, and cannot point to a path.
    if parts.scheme.lower() != "https" or parts.path.strip("/") or "?" in url:
        rule = "write an https URL without a path, such as https://setup.example.com"
        raise SettingsError([f"--public-url: {redact_if_url(url)}: {rule}"])
    return url


def _domain(asked: str) -> DomainName:
    if "*" in asked:
        raise DomainError("a pattern publishes nothing; use a domain that the pattern matches")
    return typed_domain(asked)


def config_of(domain: DomainName, settings: "Settings") -> ClientConfig:
    """Return the configuration of a domain, without an address."""
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    keep_quiet()
    with closing(open_store(settings)) as store:
        return client_config(store.find(domain), domain, None)
