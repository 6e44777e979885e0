"""The whole database as one value, and one value as the whole database."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from waypost.database.engine import Connection
from waypost.model import Catalog, Domain, Provider
from waypost.store.sql import schema
from waypost.store.sql.changing import Change, Progress, Wanted, silent
from waypost.store.sql.scratch import Scratch
from waypost.store.sql.stored import StoredHead, count_domains, stored_domains
from waypost.store.sql.writing_rows import write


def is_empty(connection: Connection) -> bool:
    """Tell whether the database holds no provider."""
    return connection.execute(sa.select(schema.provider.c.id).limit(1)).first() is None


def purge(connection: Connection) -> None:
    """Take everything out of automx2's tables."""
    for table in reversed(schema.metadata.sorted_tables):
        connection.execute(table.delete())


def read_catalog(connection: Connection) -> Catalog:
    """Read everything into memory; `reading_catalog` does it for databases of any size.

    Rows that make no sense are left out, as they are from answers. In each domain the host-based
    services come first, then the URL-based ones, each in the order of their ids, which is the
    order in which they were written.
    """
    with reading_catalog(connection) as catalog:
        return Catalog(tuple(catalog.domains), catalog.directories, catalog.idle_providers)


@contextmanager
def reading_catalog(connection: Connection, progress: Progress = silent) -> Iterator[Catalog]:
    """Do the same, with the domains on the disk of this machine rather than in memory.

    The database is not asked again later, and `domains` can be gone through more than once, as
    long as the context lasts.
    """
    head = StoredHead(connection)
    scratch = Scratch()
    try:
        used = _copy(connection, head, scratch, progress)
        idle = tuple(one for one in head.providers.values() if one not in used)
        yield Catalog(scratch.domains(), head.directories, idle)
    finally:
        scratch.close()


def write_catalog(connection: Connection, wanted: Catalog) -> None:
    """Make the database say what the catalog says, and nothing else.

    Rows that stay the same keep their ids. A service of several domains is one row. Writing the
    same catalog again changes nothing. To be called in a transaction.
    """
    with Wanted(wanted) as listed:
        change = Change(connection, listed)
        for _ in change.pairs():
            continue
        write(change)


def _copy(
    connection: Connection, head: StoredHead, scratch: Scratch, progress: Progress
) -> set[Provider]:
    """Put all domains into a scratch list, and give the providers that have some."""
    used: set[int] = set()
    total, done = count_domains(connection), 0
    for part in stored_domains(connection):
        listed: list[tuple[int, Domain]] = []
        for row in part:
            text, offer = row.pattern(), head.offer(row)
            if text is not None and offer is not None:
                # By provider, and then by id.
                position = row.provider_id * 2**32 + row.id
                listed.append((position, offer.for_domain(text)))
                used.add(row.provider_id)
        scratch.add(listed)
        done += len(part)
        progress("reading", done, total)
    return {head.providers[number] for number in used}
