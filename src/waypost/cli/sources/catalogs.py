"""The catalog of a command: from the samples, a providers file, or the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from waypost.cli.output import Progress, print_warnings
from waypost.core.model import Catalog
from waypost.demo import demo_catalog
from waypost.diagnostics.row_codes import DiagnosticSink
from waypost.providers_file.load import read_providers_path
from waypost.settings import Settings


def load_catalog(settings: Settings) -> Catalog:
    """Read the catalog from the source of domains in the settings.

    Raises:
        ProvidersError: mistakes in the providers file.
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
    """
    if settings.demo:
        return demo_catalog()
    if settings.providers is not None:
        result = read_providers_path(settings.providers)
        print_warnings(result.warnings)
        return result.catalog
    with stream_catalog(settings) as catalog:
        return replace(catalog, domains=tuple(catalog.domains))


@contextmanager
def stream_catalog(
    settings: Settings,
    on_progress: Progress = lambda _what, _done, _total: None,
    on_unused_row: DiagnosticSink = lambda _row: None,
) -> Iterator[Catalog]:
    """Read catalogs of any size: domains of a database are not kept in memory.

    Args:
        settings: define the source of domains.
        on_progress: is called with the progress.
        on_unused_row: is called with each row of a database that no answer uses.
    """
    if settings.uses_providers_file:
        yield load_catalog(settings)
        return
    from waypost.cli.sources.database_catalog import open_database_catalog  # noqa: PLC0415 -- loads SQLAlchemy

    with open_database_catalog(settings, on_progress, on_unused_row) as catalog:
        yield catalog
