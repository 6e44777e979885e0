"""`waypost export`: the database as a providers file."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from waypost.cli.sources import DbUriFlag, DemoFlag, ProvidersFlag, catalog_of, settings_for

EXAMPLE: Final = "Example: waypost export > mail.toml"


class ExportFormat(StrEnum):
    """What the providers file is written in."""

    TOML = "toml"
    JSON = "json"


def export(
    form: Annotated[ExportFormat, typer.Option("--format", help="How it is written.")] = (
        ExportFormat.TOML
    ),
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print all providers as a providers file; bind passwords stay in the database."""
    from waypost.transfer.providers_file import write_providers  # noqa: PLC0415 -- quick start

    catalog = catalog_of(settings_for(providers, demo, db_uri))
    text = write_providers(catalog, "json" if form is ExportFormat.JSON else "toml")
    # The encoding of a providers file is UTF-8, whatever that of the terminal is.
    typer.echo(text.encode(), nl=False)
