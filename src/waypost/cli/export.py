"""`waypost export`: the database as a providers file, or one provider as an ISPDB document."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Annotated, Final

import typer

from waypost.cli.export_ispdb import export_ispdb
from waypost.cli.progress import progress
from waypost.cli.reporting import note, warn, write_document
from waypost.cli.sources import (
    DbUriFlag,
    DemoFlag,
    ProvidersFlag,
    catalog_of,
    catalog_reading,
    settings_for,
)
from waypost.errors import ProvidersError

EXAMPLE: Final = "Example: waypost export > mail.toml"


class ExportFormat(StrEnum):
    """What is written: a providers file in TOML or JSON, or a document for the ISPDB."""

    TOML = "toml"
    JSON = "json"
    ISPDB = "ispdb"


def export(  # noqa: PLR0913, PLR0917 -- a command has flags
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
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Print bind passwords too; keep that file safe.")
    ] = False,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print all providers as a providers file; bind passwords only if that is asked for.

    A row of the database that serves nobody is left out, with a warning.
    With --format ispdb: print one document, ready to be submitted to Thunderbird's ISPDB.
    """
    if form is ExportFormat.ISPDB:
        if with_secrets:
            raise ProvidersError(["--with-secrets: an ISPDB document has none"])
        export_ispdb(catalog_of(settings_for(providers, demo, db_uri)), provider, domain)
        return
    if provider is not None or domain is not None:
        raise ProvidersError(["--provider, --domain: need --format ispdb"])
    from waypost.transfer.providers_file import providers_text  # noqa: PLC0415 -- quick start

    settings = settings_for(providers, demo, db_uri)
    with progress(None) as step, catalog_reading(settings, step, _left_out) as catalog:
        for one in catalog.borrowed:
            note(f"warning: the domains from directory {one.directory.label} are left out")
        texts = providers_text(
            catalog,
            "json" if form is ExportFormat.JSON else "toml",
            with_secrets=with_secrets,
        )
        for part in _parts(texts):
            # The encoding of a providers file is UTF-8, whatever that of the terminal is.
            write_document(part.encode())


def _left_out(row: object) -> None:
    warn([f"not exported: {row}"])


def _parts(texts: Iterator[str]) -> Iterator[str]:
    """Put many short texts together into fewer."""
    while part := "".join(islice(texts, 10_000)):
        yield part
