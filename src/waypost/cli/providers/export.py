"""`waypost export`: the database as a providers file, or one provider as an ISPDB document."""

from enum import StrEnum
from typing import Annotated

import typer

from waypost.cli.options import DbUriFlag, DemoFlag, ProvidersFlag
from waypost.cli.output import in_chunks, print_stderr, print_warnings, write_document
from waypost.cli.progress import progress
from waypost.cli.providers.export_ispdb import export_ispdb
from waypost.cli.sources.catalogs import load_catalog, stream_catalog
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import ProvidersError
from waypost.providers_file.load import providers_text


class ExportFormat(StrEnum):
    """The output formats: a providers file in TOML or JSON, or a document for the ISPDB."""

    TOML = "toml"
    JSON = "json"
    ISPDB = "ispdb"


def export(  # noqa: PLR0913, PLR0917 -- a command has flags
    output_format: Annotated[ExportFormat, typer.Option("--format", help="Output format.")] = (
        ExportFormat.TOML
    ),
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="With --format ispdb: the provider."),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(
            "--domain",
            metavar="DOMAIN",
            help="With --format ispdb: the provider of this domain, and its domains with the same "
            "services.",
        ),
    ] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Also print bind passwords; protect the output.")
    ] = False,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print all providers as a providers file.

    Bind passwords are printed only with --with-secrets. A row of the database that no answer
    uses is left out, with a warning.
    With --format ispdb: print one document, ready to submit to Thunderbird's ISPDB.
    """
    if output_format is ExportFormat.ISPDB:
        if with_secrets:
            raise ProvidersError(["--with-secrets: an ISPDB document has no secrets"])
        export_ispdb(load_catalog(load_settings(providers, demo, db_uri)), provider, domain)
        return
    if provider is not None or domain is not None:
        raise ProvidersError(["--provider and --domain require --format ispdb"])
    settings = load_settings(providers, demo, db_uri)
    with (
        progress(None) as on_progress,
        stream_catalog(settings, on_progress, _warn_about_row) as catalog,
    ):
        for external in catalog.external_domains:
            print_stderr(f"warning: domains from directory {external.directory.label} are left out")
        texts = providers_text(
            catalog,
            "json" if output_format is ExportFormat.JSON else "toml",
            with_secrets=with_secrets,
        )
        for part in in_chunks(texts):
            # A providers file is always UTF-8, even if the terminal uses another encoding.
            write_document(part.encode())


def _warn_about_row(row: object) -> None:
    print_warnings([f"not exported: {row}"])
