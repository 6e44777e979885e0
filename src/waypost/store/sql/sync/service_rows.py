"""Rows of services for single domains: those of the provider's other domains, or new ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import sqlalchemy as sa

from waypost.core.model import HostEndpoint, Service
from waypost.database.engine import Connection
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema
from waypost.store.sql.listing import DomainFilter, filter_conditions
from waypost.store.sql.rows import services as rows
from waypost.store.sql.sync.reader import (
    SERVICE_TABLES,
    Links,
    SharedRows,
    StoredDomain,
    domains_with_ids,
)
from waypost.store.sql.sync.row_ids import insert_row
from waypost.store.sql.sync.temp_table import chunks

COMPARED_DOMAINS: Final = 100
"""How many of the newest domains of a provider are searched for the same services."""
_VALUES_PER_STATEMENT: Final = 500
_Ids = dict[Service, list[int]]


@dataclass(slots=True)
class _Pool:
    """The rows of the services of a provider, by service: hosts and URLs."""

    ids: tuple[_Ids, _Ids]
    known: dict[tuple[Service, ...], Links]


class ServiceRows:
    """The rows that changed domains get, and those that they may leave without a domain.

    A row that several domains share never changes: a domain with another service gets another row.
    """

    def __init__(self, connection: Connection) -> None:
        """Create it for one transaction."""
        self._connection = connection
        self._pools: dict[int, _Pool] = {}
        self._released: tuple[set[int], set[int]] = (set(), set())

    def links(
        self,
        provider_id: int,
        services: tuple[Service, ...],
        current: StoredDomain | None,
        shared_rows: SharedRows,
    ) -> Links:
        """Return the ids of rows for services in their order; new rows are written.

        Args:
            provider_id: of the domain, after the change.
            services: of the domain, after the change.
            current: the row of the domain before the change, whose links stay if they fit.
            shared_rows: the services of `current`.
        """
        own = _own_links(current, shared_rows)
        if own is not None and all(
            [shared_rows.services[index][number] for number in own[index]]
            == _of_table(services, index)
            for index in range(len(SERVICE_TABLES))
        ):
            return own
        pool = self._pool(provider_id)
        if (known := pool.known.get(services)) is not None:
            return known
        hosts, urls = (
            self._resolve(index, _of_table(services, index), pool.ids[index])
            for index in range(len(SERVICE_TABLES))
        )
        return pool.known.setdefault(services, (hosts, urls))

    def release(self, index: int, ids: Iterable[int]) -> None:
        """Note rows of one of `SERVICE_TABLES` that lost a domain."""
        self._released[index].update(ids)

    def remove_unused(self) -> None:
        """Remove the noted rows that no domain has any more."""
        for (table, links, column), ids in zip(SERVICE_TABLES, self._released, strict=True):
            is_linked = sa.exists().where(links.c[column] == table.c.id)
            for part in chunks(sorted(ids), _VALUES_PER_STATEMENT):
                unused = table.c.id.in_(part) & ~is_linked
                self._connection.execute(table.delete().where(unused))
            ids.clear()
        self._pools.clear()  # They may contain removed rows.

    def _resolve(self, index: int, services: Sequence[Service], ids: _Ids) -> tuple[int, ...]:
        """Return ascending ids: the order of preference is the order of the ids."""
        found: list[int] = []
        last = 0
        for service in services:
            last = next((number for number in ids[service] if number > last), 0) or self._insert(
                index, service
            )
            if last not in ids[service]:
                ids[service].append(last)
            found.append(last)
        return tuple(found)

    def _insert(self, index: int, service: Service) -> int:
        table, links, column = SERVICE_TABLES[index]
        endpoint = service.endpoint
        row = (
            rows.server_row(service, endpoint)
            if isinstance(endpoint, HostEndpoint)
            else rows.davserver_row(service, endpoint)
        )
        number = insert_row(self._connection, table, row, None)
        # SQLite reuses the ids of removed rows, and links to them may still exist.
        self._connection.execute(links.delete().where(links.c[column] == number))
        return number

    def _pool(self, provider_id: int) -> _Pool:
        if (pool := self._pools.get(provider_id)) is not None:
            return pool
        domains = newest_domains(self._connection, [provider_id])
        shared_rows = SharedRows(self._connection, domains)
        hosts, urls = (_ids_by_service(services) for services in shared_rows.services)
        return self._pools.setdefault(provider_id, _Pool((hosts, urls), {}))


class ModelDomains:
    """The newest domains of providers that are neither aliases nor redirected, as models."""

    def __init__(
        self,
        connection: Connection,
        provider_ids: Sequence[int],
        wanted: DomainFilter | None = None,
    ) -> None:
        """Read the domains; only those of a filter if one is given."""
        column = schema.domain.c
        conditions = [] if wanted is None else filter_conditions(connection, wanted)
        self._rows = newest_domains(
            connection,
            () if conditions is None else provider_ids,
            *(conditions or ()),
            column.redirect_address.is_(None),
            column.redirect_url.is_(None),
            column.declined.is_(False),
            column.alias_of.is_(None),
        )
        self._shared_rows = SharedRows(connection, self._rows)

    def common_entry(self, without: int | None) -> DomainEntry | tuple[str, str] | None:
        """Return the entry that all of them have.

        Args:
            without: the id of a domain that is no model.

        Returns:
            The names of two domains if their entries differ, and None if there are no domains.
        """
        if any(row.id == without for row in self._rows):
            return self._common_entry([row for row in self._rows if row.id != without])
        return self._entry_of_all

    @cached_property
    def _entry_of_all(self) -> DomainEntry | tuple[str, str] | None:
        return self._common_entry(self._rows)

    def _common_entry(self, rows: Sequence[StoredDomain]) -> DomainEntry | tuple[str, str] | None:
        if not rows:
            return None
        newest = rows[-1]
        entry = self._shared_rows.entry(newest)
        for row in rows:
            if self._shared_rows.entry(row) != entry:
                return newest.name, row.name
        return entry


def newest_domains(
    connection: Connection, provider_ids: Sequence[int], *conditions: sa.ColumnElement[bool]
) -> list[StoredDomain]:
    """Return the newest domains of providers, by id; at most `COMPARED_DOMAINS`.

    Args:
        connection: in a transaction.
        provider_ids: of the providers.
        conditions: that the rows of `domain` must meet.
    """
    column = schema.domain.c
    query = sa.select(column.id).where(column.provider_id.in_(provider_ids), *conditions)
    query = query.order_by(column.id.desc()).limit(COMPARED_DOMAINS)
    return domains_with_ids(connection, connection.execute(query).scalars().all())


def _own_links(current: StoredDomain | None, shared_rows: SharedRows) -> Links | None:
    """Return the links of a domain to valid services."""
    if current is None:
        return None
    hosts, urls = (
        tuple(number for number in numbers if number in valid)
        for numbers, valid in zip(current.links, shared_rows.services, strict=True)
    )
    return hosts, urls


def _of_table(services: Iterable[Service], index: int) -> list[Service]:
    is_host = SERVICE_TABLES[index][0] is schema.server
    return [one for one in services if isinstance(one.endpoint, HostEndpoint) is is_host]


def _ids_by_service(services: Mapping[int, Service]) -> _Ids:
    ids: _Ids = defaultdict(list)
    for number, service in sorted(services.items()):
        ids[service].append(number)
    return ids
