"""`waypost export`: the database as a providers file, or one provider as an ISPDB document."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from waypost.cli.export_ispdb import export_ispdb
from waypost.cli.sources import DbUriFlag, DemoFlag, ProvidersFlag, catalog_of, settings_for
from waypost.errors import ProvidersError

EXAMPLE: Final = "Example: waypost export > mail.toml"


class ExportFormat(StrEnum):
    """What is written: a providers file in TOML or JSON, or a document for the ISPDB."""

    TOML = "toml"
    JSON = "json"
    ISPDB = "ispdb"


def export(
    form: Annotated[ExportFormat, typer.Option("--format", help="How it is written.")] = (
        ExportFormat.TOML
    ),
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="With --format ispdb: of which provider."),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(
            "--domain",
            metavar="DOMAIN",
            help="With --format ispdb: the one with this domain, and what is served as it is.",
        ),
    ] = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print all providers as a providers file; bind passwords stay in the database.

    With --format ispdb: print one document, ready to be submitted to Thunderbird's ISPDB.
    """
    if form is ExportFormat.ISPDB:
        export_ispdb(catalog_of(settings_for(providers, demo, db_uri)), provider, domain)
        return
    if provider is not None or domain is not None:
        raise ProvidersError(["--provider, --domain: need --format ispdb"])
    from waypost.transfer.providers_file import write_providers  # noqa: PLC0415 -- quick start

    catalog = catalog_of(settings_for(providers, demo, db_uri))
    text = write_providers(catalog, "json" if form is ExportFormat.JSON else "toml")
    # The encoding of a providers file is UTF-8, whatever that of the terminal is.
    typer.echo(text.encode(), nl=False)
