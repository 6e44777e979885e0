"""Read the whole database as one value, and write one value as the whole database."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from waypost.core.model import Catalog, Provider
from waypost.database.engine import Connection
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.row_codes import DiagnosticSink, ignore_diagnostic
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema
from waypost.store.sql.precedence import find_served
from waypost.store.sql.sync.diff import Change, Progress, TargetContent, ignore_progress
from waypost.store.sql.sync.reader import SharedRows, count_domains, stored_domains
from waypost.store.sql.sync.temp_table import TempTable
from waypost.store.sql.sync.writer import write


def is_empty(connection: Connection) -> bool:
    """Return whether the database has neither providers nor domains."""
    ids = schema.provider.c.id, schema.domain.c.id
    return all(connection.execute(sa.select(column).limit(1)).first() is None for column in ids)


def purge(connection: Connection) -> None:
    """Remove all rows from all tables."""
    for table in reversed(schema.metadata.sorted_tables):
        connection.execute(table.delete())


def read_catalog(connection: Connection) -> Catalog:
    """Read everything into memory; use `open_catalog` for databases of any size.

    Rows that no answer uses are left out. In each domain the host-based services come first, then
    the URL-based ones, each in the order of their ids, which is the order of writing.
    """
    with open_catalog(connection) as catalog:
        return Catalog(tuple(catalog.domains), catalog.directories, catalog.unused_providers)


@contextmanager
def open_catalog(
    connection: Connection,
    progress: Progress = ignore_progress,
    on_unused_row: DiagnosticSink = ignore_diagnostic,
) -> Iterator[Catalog]:
    """Read everything, with the domains in a temporary file and not in memory.

    The database is not queried again later. `domains` can be iterated more than once within the
    context.

    Args:
        connection: in a transaction, if others may write meanwhile.
        progress: called with the progress.
        on_unused_row: called with each row that no answer uses.
    """
    shared_rows = SharedRows(connection)
    temp_table = TempTable()
    try:
        used_providers = _copy(connection, shared_rows, temp_table, progress, on_unused_row)
        for finding in shared_rows.unused_rows(connection):
            on_unused_row(finding)
        unused_providers = tuple(
            provider
            for provider in shared_rows.providers.values()
            if provider not in used_providers
        )
        yield Catalog(temp_table.domains(), shared_rows.directories, unused_providers)
    finally:
        temp_table.close()


def write_catalog(connection: Connection, catalog: Catalog, *, keep_unused: bool = False) -> None:
    """Make the content of the database equal to the catalog.

    Unchanged rows keep their ids. A service of several domains is one row. Writing the same
    catalog again changes nothing. Call it in a transaction. With `keep_unused`, rows that no
    answer uses stay.
    """
    with TargetContent(catalog) as target_content:
        change = Change(connection, target_content, keep_unused=keep_unused)
        for _ in change.pairs():
            continue
        write(change)


def _copy(
    connection: Connection,
    shared_rows: SharedRows,
    temp_table: TempTable,
    progress: Progress,
    on_unused_row: DiagnosticSink,
) -> set[Provider]:
    """Copy all domains into a temporary table, and return the providers that have domains."""
    used_ids: set[int] = set()
    total, done = count_domains(connection), 0
    for part in stored_domains(connection):
        verdicts = find_served(connection, [(row.id, row.name) for row in part])
        entries: list[tuple[int, str, DomainEntry]] = []
        for row in part:
            verdict = verdicts[row.id]
            if isinstance(verdict, Diagnostic):
                on_unused_row(verdict)
                continue
            # By provider, and then by id.
            entries.append((row.provider_id * 2**32 + row.id, verdict, shared_rows.entry(row)))
            used_ids.add(row.provider_id)
        temp_table.add(entries)
        done += len(part)
        progress("reading", done, total)
    return {shared_rows.providers[number] for number in used_ids & shared_rows.providers.keys()}
