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


def catalog_of(settings: Settings) -> Catalog:
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
    with catalog_reading(settings) as catalog:
        return replace(catalog, domains=tuple(catalog.domains))


@contextmanager
def catalog_reading(
    settings: Settings,
    step: Progress = lambda _what, _done, _total: None,
    left_out: DiagnosticSink = lambda _finding: None,
) -> Iterator[Catalog]:
    """Read catalogs of any size: domains of a database are not kept in memory.

    Args:
        settings: define the source of domains.
        step: is called with the progress.
        left_out: is called with each row of a database that no answer uses.
    """
    if settings.demo or settings.providers is not None:
        yield catalog_of(settings)
        return
    from waypost.cli.sources.stored_catalog import stored_catalog  # noqa: PLC0415 -- loads SQLAlchemy

    with stored_catalog(settings, step, left_out) as catalog:
        yield catalog
