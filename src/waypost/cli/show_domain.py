"""`waypost show pacc` and `waypost show dns`: what a domain publishes, whoever its users are."""

import enum
from contextlib import closing
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from waypost.address import DomainName
from waypost.cli.people import keep_quiet
from waypost.cli.reporting import warn, write_document
from waypost.cli.sources import DbUriFlag, DemoFlag, ProvidersFlag, settings_for
from waypost.cli.typed import one_word_explained, typed_domain
from waypost.errors import DomainError, DomainMoved, SettingsError
from waypost.lookup import client_config
from waypost.model import ClientConfig
from waypost.redaction import redact_if_url

if TYPE_CHECKING:
    from waypost.settings import Settings

DNS_EXAMPLE = (
    "Example: waypost show dns example.com --public-url https://waypost.example.net --demo"
)
DomainArgument = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="A domain, as example.com, or an address in it.")
]
PublicUrlFlag = Annotated[
    str | None,
    typer.Option(
        "--public-url",
        metavar="URL",
        help="The https URL at which clients reach Waypost; else what the settings say.",
    ),
]
TtlFlag = Annotated[
    int,
    typer.Option("--ttl", metavar="SECONDS", min=1, max=2**31 - 1, help="How long others keep it."),
]


class Form(enum.StrEnum):
    """How zones are kept."""

    ZONE = "zone"
    JSON = "json"
    OCTODNS = "octodns"
    TERRAFORM = "terraform"
    NSUPDATE = "nsupdate"


FormFlag = Annotated[Form, typer.Option("--format", help="How to write the records.")]


def pacc(
    domain: DomainArgument,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """PACC, to the byte: the digest in DNS is that of this output."""
    from waypost.formats.pacc import render  # noqa: PLC0415 -- quick start

    asked = _domain(domain)
    with one_word_explained(domain):
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
    """DNS records: all that the domain should publish."""
    from waypost.formats.dns import publish, publish_moved, write  # noqa: PLC0415 -- quick start

    settings, asked = settings_for(providers, demo, db_uri), _domain(domain)
    url = settings.public_url if public_url is None else checked_url(public_url)
    try:
        with one_word_explained(domain):
            published = publish(config_of(asked, settings), url, ttl)
    except DomainMoved as moved:
        published = publish_moved(asked, moved, url, ttl)
    warn(f"left out: {line}" for line in published.left_out)
    write_document(write(published, form))


def checked_url(url: str) -> str:
    """Take the URL of this server.

    Raises:
        SettingsError: it is no https URL with the name of a host.
    """
    from waypost.transfer.rules import RuleBroken, check_web_url  # noqa: PLC0415 -- quick start

    try:
        parts = urlsplit(check_web_url(url))
        DomainName.parse(parts.hostname or "")
    except RuleBroken as error:
        raise SettingsError([f"--public-url: {redact_if_url(url)}: {error}"]) from error
    except DomainError as error:
        reason = "its host must be a name, to which others can lead"
        raise SettingsError([f"--public-url: {redact_if_url(url)}: {reason}"]) from error
    # As in the settings: names in DNS lead to a host, and cannot lead to a path.
    if parts.scheme.lower() != "https" or parts.path.strip("/") or "?" in url:
        rule = "write an https URL without a path, such as https://setup.example.com"
        raise SettingsError([f"--public-url: {redact_if_url(url)}: {rule}"])
    return url


def _domain(asked: str) -> DomainName:
    if "*" in asked:
        raise DomainError("a pattern publishes nothing itself; name a domain that it matches")
    return typed_domain(asked)


def config_of(domain: DomainName, settings: "Settings") -> ClientConfig:
    """Find the configuration of a domain, whoever its users are."""
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    keep_quiet()
    with closing(open_store(settings)) as store:
        return client_config(store.find(domain), domain, None)
