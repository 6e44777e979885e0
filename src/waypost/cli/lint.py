"""`waypost lint`: what breaks which mail client, said before a user finds out."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.address import DomainName
from waypost.cli.libraries import missing_for_settings
from waypost.cli.linting import SHOWN, Linted, lint_catalog, lint_domain
from waypost.cli.reporting import FINDINGS, note, say, say_json, warn
from waypost.cli.sources import (
    DbUriFlag,
    DemoFlag,
    JsonFlag,
    ProvidersFlag,
    catalog_reading,
    settings_for,
)
from waypost.errors import DomainNotServed
from waypost.model import DomainPattern, MatchKind

if TYPE_CHECKING:
    from waypost.settings import Settings

EXAMPLE: Final = "Example: waypost lint --providers mail.toml --domain example.com"

DomainFlag = Annotated[
    str | None,
    typer.Option(
        "--domain", metavar="DOMAIN", help="Look at this domain or pattern alone, in any form."
    ),
]
AllFlag = Annotated[
    bool, typer.Option("--all", help=f"Tell every finding, not only the first {SHOWN}.")
]


def lint(
    domain: DomainFlag = None,
    every: AllFlag = False,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell what in the configuration breaks which mail client; exit code 1 where anything does."""
    pattern = None if domain is None else DomainPattern.parse(domain)
    settings = settings_for(providers, demo, db_uri)
    shown = None if every else SHOWN
    if pattern is None:
        with catalog_reading(settings) as catalog:
            linted = lint_catalog(catalog, shown)
    elif pattern.kind is MatchKind.EXACT:
        linted = _one(settings, DomainName.parse(pattern.text))
    else:
        linted = _pattern(settings, pattern)
    _print(linted, as_json)
    missing = missing_for_settings(settings)
    warn(missing)
    if linted.findings or missing:
        raise typer.Exit(FINDINGS)


def _one(settings: "Settings", name: DomainName) -> Linted:
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    store = open_store(settings, warn)
    try:
        found = store.find(name)
    finally:
        store.close()
    if found is None:
        raise DomainNotServed(f"{name} is not served here")
    return lint_domain(found)


def _pattern(settings: "Settings", pattern: DomainPattern) -> Linted:
    with catalog_reading(settings) as catalog:
        found = next((one for one in catalog.domains if one.pattern == pattern), None)
    if found is None:
        raise DomainNotServed(f"{pattern} stands in no provider's domains here")
    return lint_domain(found)


def _print(linted: Linted, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "domains": linted.domains,
                "count": linted.findings,
                "findings": [told.for_scripts() for told in linted.told],
            }
        )
        return
    for line in linted.lines():
        say(line)
    findings = "1 finding" if linted.findings == 1 else f"{linted.findings:,} findings"
    domains = "1 domain" if linted.domains == 1 else f"{linted.domains:,} domains"
    note(f"{domains}: {findings if linted.findings else 'nothing found'}")
