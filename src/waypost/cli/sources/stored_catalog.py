"""The catalog of a database, for a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from waypost.cli.output import Progress
from waypost.cli.sources.database import database
from waypost.core.model import Catalog
from waypost.database.engine import read_snapshot
from waypost.diagnostics.row_codes import DiagnosticSink
from waypost.settings import Settings
from waypost.store.sql.sync.catalog import open_catalog


@contextmanager
def stored_catalog(
    settings: Settings, step: Progress, left_out: DiagnosticSink
) -> Iterator[Catalog]:
    """Open the database and yield its catalog; the domains are not kept in memory.

    Args:
        settings: define the database.
        step: is called with the progress.
        left_out: is called with each row that no answer uses.
    """
    with (
        database(settings) as engine,
        read_snapshot(engine) as connection,
        open_catalog(connection, step, left_out) as catalog,
    ):
        yield catalog
