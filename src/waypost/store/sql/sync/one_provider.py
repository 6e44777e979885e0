"""Read and change single providers."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from waypost.core.model import Provider
from waypost.database.engine import Connection
from waypost.store.sql import schema
from waypost.store.sql.rows import providers
from waypost.store.sql.sync.reader import all_rows
from waypost.store.sql.sync.row_ids import free_id, insert_row

_PROVIDER = schema.provider.c


@dataclass(frozen=True, slots=True)
class StoredProvider:
    """A row of `provider`."""

    id: int
    provider: Provider


def provider_rows(
    connection: Connection, ids: Iterable[int] | None = None
) -> Iterator[StoredProvider]:
    """Yield all providers, or those with some ids, by id."""
    for row in all_rows(connection, schema.provider, None if ids is None else set(ids)):
        yield StoredProvider(row["id"], providers.provider_from_row(row))


def providers_named(connection: Connection, names: Collection[str]) -> list[StoredProvider]:
    """Return the providers with some names; not those that share their name with another one."""
    query = sa.select(_PROVIDER.id, _PROVIDER.name).where(_PROVIDER.name.in_(sorted(names)))
    # MariaDB ignores case and accents in comparisons.
    found = [(row_id, name) for row_id, name in connection.execute(query) if name in names]
    counts = Counter(name for _, name in found)
    return list(provider_rows(connection, {row_id for row_id, name in found if counts[name] == 1}))


def count_domains_of(connection: Connection, provider_id: int) -> int:
    """Return the number of domains of a provider."""
    domain = schema.domain
    query = sa.select(sa.func.count()).select_from(domain)
    return int(
        connection.execute(query.where(domain.c.provider_id.in_([provider_id]))).scalar_one()
    )


def counts_of_domains(connection: Connection, provider_ids: Iterable[int]) -> dict[int, int]:
    """Return the number of domains of each provider that has any, by id."""
    provider_id = schema.domain.c.provider_id
    query = sa.select(provider_id, sa.func.count()).where(provider_id.in_(sorted(provider_ids)))
    return {row[0]: row[1] for row in connection.execute(query.group_by(provider_id))}


def counts_by_name(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """Return the number of domains of each provider, by name; providers may share a name."""
    query = sa.select(_PROVIDER.id, _PROVIDER.name).where(_PROVIDER.name.in_(sorted(names)))
    # MariaDB ignores case and accents in comparisons.
    found = {row_id: name for row_id, name in connection.execute(query) if name in names}
    counts = Counter(dict.fromkeys(found.values(), 0))
    for row_id, count in counts_of_domains(connection, found).items():
        counts[found[row_id]] += count
    return dict(counts)


def domain_names_of(connection: Connection, provider_ids: Iterable[int]) -> list[tuple[int, str]]:
    """Return id and name of all domains of some providers."""
    column = schema.domain.c
    query = sa.select(column.id, column.name)
    query = query.where(column.provider_id.in_(sorted(provider_ids)))
    return [(row[0], row[1]) for row in connection.execute(query)]


def write_provider(connection: Connection, provider: Provider, row_id: int | None) -> int:
    """Insert or update a provider, and return its id."""
    row = providers.provider_row(provider)
    if row_id is None:
        number = free_id(connection, schema.provider, schema.domain.c.provider_id)
        return insert_row(connection, schema.provider, row, number)
    connection.execute(schema.provider.update().where(_PROVIDER.id == row_id).values(row))
    return row_id


def lock_provider(connection: Connection, row_id: int) -> None:
    """Let other programs wait for the end of the transaction to change a provider."""
    query = sa.select(_PROVIDER.id).where(_PROVIDER.id == row_id).with_for_update()
    connection.execute(query).all()


def remove_provider(connection: Connection, row_id: int) -> None:
    """Remove a provider that has no domains."""
    connection.execute(schema.provider.delete().where(_PROVIDER.id == row_id))
