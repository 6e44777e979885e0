"""Write the target content in parts; unchanged rows keep their ids."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.merge_sequences import merge_sequences
from waypost.core.model import Directory, HostEndpoint, Provider, Service
from waypost.database.engine import Connection
from waypost.store.sql import schema
from waypost.store.sql.rows import providers
from waypost.store.sql.rows import services as rows
from waypost.store.sql.sync.diff import Change
from waypost.store.sql.sync.directories import ForeignKeys, remove_directories, write_directories
from waypost.store.sql.sync.reader import (
    CHUNK,
    SERVICE_TABLES,
    Links,
    StoredDomain,
    all_rows,
    stored_domains,
)
from waypost.store.sql.sync.row_ids import free_id, insert_row
from waypost.store.sql.sync.temp_table import chunks

# The number of values in one statement, which engines limit.
_VALUES_PER_STATEMENT: Final = 1000
# With this number of domains or more, one statement for all is faster than their rows.
_RANGE_MIN_DOMAINS: Final = 50
# The id for the provider of domains whose own is missing; greater than all ids in the table.
_NO_PROVIDER: Final = 2**31


def write(change: Change) -> None:
    """Make the content of the database equal to the target one; after reading `change.pairs`.

    A service of several domains of a provider is one row. Writing the same again changes nothing.
    """
    connection, target = change.connection, change.target
    directory_ids = write_directories(connection, target.directories)
    used_providers = target.providers()
    if change.only_add:
        # Stored providers come first, by id, because each keeps its id.
        used_providers = list(
            dict.fromkeys([*change.shared_rows.providers.values(), *used_providers])
        )
    provider_ids = _write_providers(connection, used_providers, target.unused_providers)
    _remove_domains(connection, change.removed_ids)
    foreign_keys = ForeignKeys(provider_ids, directory_ids)
    # With `only_add` stored domains keep the rows of their services.
    added_numbers = (
        {number for part in target.new_domains() for _, _, number in part}
        if change.only_add
        else None
    )
    new_ids = _insert_domains(change, foreign_keys)
    entries: dict[int, list[int]] = defaultdict(list)
    first_ids = target.first_ids()
    for number in sorted(first_ids, key=first_ids.__getitem__):
        # By ids, so that the order of the catalog does not matter.
        if added_numbers is not None and number not in added_numbers:
            continue
        entries[provider_ids[target.temp_table.entries[number].provider]].append(number)
    hosts, urls = (
        _write_services(change, table, links.c[column], entries)
        for table, links, column in SERVICE_TABLES
    )
    selected = first_ids if added_numbers is None else added_numbers
    links = {number: (tuple(hosts[number]), tuple(urls[number])) for number in selected}
    writer = _LinkWriter(change, foreign_keys, links)
    writer.update(new_ids.max_before, new_ids.reused if change.only_add else None)
    writer.link_new(new_ids.max_before)
    if not change.keep_unused:
        _remove_unreferenced(connection, set(provider_ids.values()), target.directories)


def _write_providers(
    connection: Connection, used_providers: Sequence[Provider], unused_providers: Sequence[Provider]
) -> dict[Provider | None, int]:
    """Write providers in their order, and return the id of each."""
    table = schema.provider
    stored: dict[tuple[str, str], list[sa.RowMapping]] = defaultdict(list)
    for row in all_rows(connection, table):
        stored[row["name"], row["short_name"]].append(row)
    ids: dict[Provider | None, int] = {None: _NO_PROVIDER}
    free_row_id = free_id(connection, table, schema.domain.c.provider_id)
    ordered_providers = set(used_providers) - set(unused_providers)
    last = 0
    for provider in dict.fromkeys([*used_providers, *unused_providers]):
        values = providers.provider_row(provider)
        if provider not in ordered_providers:
            last = 0  # The order of these does not matter: they keep their ids.
        same_name = [r for r in stored[provider.name, provider.short_name] if r["id"] > last]
        exact = [r for r in same_name if all(r[k] == v for k, v in values.items())]
        existing_row = next(iter(exact or same_name), None)
        if existing_row is None:
            ids[provider] = insert_row(connection, table, values, free_row_id)
            free_row_id = None
        else:
            stored[provider.name, provider.short_name].remove(existing_row)
            ids[provider] = existing_row["id"]
            if not exact:
                connection.execute(
                    table.update().where(table.c.id == existing_row["id"]).values(values)
                )
        last = ids[provider]
    return ids


def _remove_domains(connection: Connection, removed_ids: Sequence[int]) -> None:
    domain_id = schema.domain.c.id
    for part in chunks(removed_ids, _VALUES_PER_STATEMENT):
        for _, links, _ in SERVICE_TABLES:
            connection.execute(links.delete().where(links.c.domain_id.in_(part)))
        connection.execute(schema.domain.delete().where(domain_id.in_(part)))


@dataclass(slots=True)
class _NewIds:
    """The ids of the new rows of `domain`: those greater than `max_before`, and the reused ones.

    Attributes:
        max_before: the greatest id before the first insert, or 0.
        reused: ids in gaps between the earlier ids.
    """

    max_before: int
    reused: set[int] = field(default_factory=set)


def _insert_domains(change: Change, foreign_keys: ForeignKeys) -> _NewIds:
    """Write the new domains without their services, and return their ids."""
    connection, domain_id = change.connection, schema.domain.c.id
    temp_table, positions = change.target.temp_table, change.target.ids
    done, total = 0, len(positions)
    last = connection.execute(sa.select(sa.func.max(domain_id))).scalar_one() or 0
    new_ids = _NewIds(last)
    for _, links, _ in SERVICE_TABLES:
        # SQLite reuses the ids of removed rows, and links to them may still exist.
        connection.execute(links.delete().where(links.c.domain_id > last))
    for part in change.target.new_domains():
        numbers = {number for _, _, number in part}
        columns = _without_defaults(
            {number: foreign_keys.columns(temp_table.entries[number]) for number in numbers}
        )
        values = [{"name": name, **columns[number]} for _, name, number in part]
        connection.execute(schema.domain.insert(), values)
        ids = _ids(connection, [name for _, name, _ in part], last)
        last = max(ids.values())
        new_ids.reused.update(row_id for row_id in ids.values() if row_id <= new_ids.max_before)
        for position, name, _ in part:
            positions[position] = ids[name]
        done += len(part)
        change.progress("writing domains", done, total)
    return new_ids


def _without_defaults(rows: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return rows without the columns that have their default, NULL or false, in all of them."""
    used = {
        name
        for row in rows.values()
        for name, value in row.items()
        if value is not None and value is not False
    }
    return {
        number: {name: value for name, value in row.items() if name in used}
        for number, row in rows.items()
    }


def _ids(connection: Connection, names: Sequence[str], last: int) -> dict[str, int]:
    """Return the ids of new rows: those greater than the last id, or else found by name."""
    column = schema.domain.c
    query = sa.select(column.name, column.id)
    ids = {row[0]: row[1] for row in connection.execute(query.where(column.id > last)).all()}
    if len(ids) == len(names) and all(name in ids for name in names):
        return ids
    for part in chunks(names, _VALUES_PER_STATEMENT):
        rows = connection.execute(query.where(column.name.in_(part))).all()
        ids.update((row[0], row[1]) for row in rows)
    return ids


def _write_services(
    change: Change,
    table: sa.Table,
    reference_column: sa.Column[Any],
    entries: Mapping[int, Sequence[int]],
) -> dict[int, list[int]]:
    """Write one kind of services, and return the ids for each entry, ascending.

    Ids grow in the order of preference.

    Args:
        change: with the target content.
        table: `server` or `davserver`.
        reference_column: the column of the link table that refers to it.
        entries: the numbers of the entries of each provider, by its id.
    """
    is_server = table is schema.server
    names = [column.name for column in table.c if column.name != "id"]
    stored: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row in all_rows(change.connection, table):
        # Rows without links are removed, or stay as they are.
        if row["id"] not in change.shared_rows.unlinked[table.name]:
            stored[tuple(row[name] for name in names)].append(row["id"])
    ids_by_entry: dict[int, list[int]] = defaultdict(list)
    free_row_id = free_id(change.connection, table, reference_column)
    for _, numbers in sorted(entries.items()):
        service_lists = [change.target.temp_table.entries[number].services for number in numbers]
        last = 0
        for service, owners in merge_sequences(
            [
                service
                for service in services
                if isinstance(service.endpoint, HostEndpoint) is is_server
            ]
            for services in service_lists
        ):
            values = _service_row(service)
            same = stored[tuple(values[name] for name in names)]
            existing_id = next((row_id for row_id in same if row_id > last), None)
            if existing_id is None:
                last = insert_row(change.connection, table, values, free_row_id)
                free_row_id = None
            else:
                same.remove(existing_id)
                last = existing_id
            for owner in owners:
                ids_by_entry[numbers[owner]].append(last)
    return ids_by_entry


class _LinkWriter:
    """The update of the rows of domains and their links, in one pass over all domains."""

    def __init__(
        self, change: Change, foreign_keys: ForeignKeys, target: Mapping[int, Links]
    ) -> None:
        """Create the update from the ids of the services of each entry."""
        self._change = change
        self._columns = {
            number: foreign_keys.columns(change.target.temp_table.entries[number])
            for number in target
        }
        self._links = target

    def update(self, max_id: int, selected_ids: set[int] | None) -> None:
        """Update domains up to an id, and their links.

        Args:
            max_id: the greatest id.
            selected_ids: the ids of the domains to update; None is all.
        """
        if selected_ids is not None and not selected_ids:
            return
        done, total = 0, len(self._change.target.ids)
        for part in stored_domains(self._change.connection, max_id):
            targets = self._change.target_entries(part)
            domains = [
                (row, *targets[row.id])
                for row in part
                if row.id in targets and (selected_ids is None or row.id in selected_ids)
            ]
            for row, _, name, number in domains:
                self._update(row, name, number)
            for index in range(len(SERVICE_TABLES)):
                self._link(
                    index, [(row, self._links[number][index]) for row, _, _, number in domains]
                )
            done += len(part)
            self._change.progress("writing services", min(done, total), total)

    def link_new(self, max_before: int) -> None:
        """Link the domains with ids greater than `max_before`, which have no links yet."""
        target = self._change.target
        total, done = len(target.ids), 0
        numbers_and_ids = ((number, target.ids[at]) for at, number in target.temp_table.numbers())
        new = (pair for pair in numbers_and_ids if pair[1] > max_before)
        while part := list(islice(new, CHUNK)):
            short_ranges: list[tuple[int, list[int]]] = []
            # Neighbours with the same entry and ascending ids.
            for (number, _), run in groupby(enumerate(part), lambda item: _range_key(*item)):
                ids = [domain_id for _, (_, domain_id) in run]
                if len(ids) < _RANGE_MIN_DOMAINS:
                    short_ranges.append((number, ids))
                else:
                    self._link_range(number, ids[0], ids[-1])
            self._link_ids(short_ranges)
            done += len(part)
            self._change.progress("writing services", done, total)

    def _link_range(self, number: int, first_id: int, last_id: int) -> None:
        """Link all domains of a range of ids to the services of an entry."""
        domain_id = schema.domain.c.id
        for (_, links, column), service_ids in zip(
            SERVICE_TABLES, self._links[number], strict=True
        ):
            for service_id in service_ids:
                pairs = sa.select(sa.literal(service_id, sa.Integer), domain_id)
                pairs = pairs.where(domain_id.between(first_id, last_id))
                insert = links.insert().from_select([column, "domain_id"], pairs)
                self._change.connection.execute(insert)

    def _link_ids(self, ids_by_entry: Sequence[tuple[int, Sequence[int]]]) -> None:
        """Link domains, given by the number of their entry and their ids."""
        for index, (_, links, column) in enumerate(SERVICE_TABLES):
            new = [
                {column: service_id, "domain_id": domain_id}
                for number, ids in ids_by_entry
                for service_id in self._links[number][index]
                for domain_id in ids
            ]
            if new:
                self._change.connection.execute(links.insert(), new)

    def _update(self, row: StoredDomain, name: str, number: int) -> None:
        values, table = {"name": name, **self._columns[number]}, schema.domain
        if values != row.columns():
            is_row = table.c.id == row.id
            self._change.connection.execute(table.update().where(is_row).values(values))

    def _link(self, index: int, domains: Sequence[tuple[StoredDomain, Sequence[int]]]) -> None:
        _, links, column = SERVICE_TABLES[index]
        service_id, readable = links.c[column], self._change.shared_rows.services[index]
        new, old = [], []
        for row, service_ids in domains:
            stored = row.links[index]
            if service_ids == stored:
                continue
            missing, extra = (
                set(service_ids).difference(stored),
                set(stored).difference(service_ids),
            )
            if self._change.keep_unused:
                # Invalid rows are in no answer; they are not changed if rows are only added.
                extra.intersection_update(readable)
            new += [{column: linked_id, "domain_id": row.id} for linked_id in missing]
            old += [{"s": linked_id, "d": row.id} for linked_id in extra]
        if old:
            is_old = sa.and_(
                service_id == sa.bindparam("s"), links.c.domain_id == sa.bindparam("d")
            )
            self._change.connection.execute(links.delete().where(is_old), old)
        if new:
            self._change.connection.execute(links.insert(), new)


def _range_key(index: int, number_and_id: tuple[int, int]) -> tuple[int, int]:
    """Return a key that is the same for neighbours with the same entry and ascending ids."""
    number, domain_id = number_and_id
    return number, domain_id - index


def _remove_unreferenced(
    connection: Connection, provider_ids: set[int], directories: Sequence[Directory]
) -> None:
    """Remove rows that no other row refers to any more."""
    for table, links, column in SERVICE_TABLES:
        has_domain = sa.exists().where(schema.domain.c.id == links.c.domain_id)
        connection.execute(links.delete().where(~has_domain))
        is_linked = sa.exists().where(links.c[column] == table.c.id)
        connection.execute(table.delete().where(~is_linked))
    provider_id = schema.provider.c.id
    stored = connection.execute(sa.select(provider_id)).scalars().all()
    for part in chunks(
        [row_id for row_id in stored if row_id not in provider_ids], _VALUES_PER_STATEMENT
    ):
        connection.execute(schema.provider.delete().where(provider_id.in_(part)))
    remove_directories(connection, directories)


def _service_row(service: Service) -> dict[str, Any]:
    if isinstance(service.endpoint, HostEndpoint):
        return rows.server_row(service, service.endpoint)
    return rows.davserver_row(service, service.endpoint)
