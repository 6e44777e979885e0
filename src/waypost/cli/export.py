"""`waypost export`: the database as a providers file."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Annotated, Final

import typer

from waypost.cli.progress import progress
from waypost.cli.sources import DbUriFlag, DemoFlag, ProvidersFlag, catalog_reading, settings_for

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
    from waypost.transfer.providers_file import providers_text  # noqa: PLC0415 -- quick start

    settings = settings_for(providers, demo, db_uri)
    with progress(None) as step, catalog_reading(settings, step) as catalog:
        for part in _parts(
            providers_text(catalog, "json" if form is ExportFormat.JSON else "toml")
        ):
            # The encoding of a providers file is UTF-8, whatever that of the terminal is.
            typer.echo(part.encode(), nl=False)


def _parts(texts: Iterator[str]) -> Iterator[str]:
    """Put many short texts together into fewer."""
    while part := "".join(islice(texts, 10_000)):
        yield part
