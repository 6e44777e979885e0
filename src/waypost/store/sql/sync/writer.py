"""Write the target content in parts; unchanged rows keep their ids."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
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
_RUN_MIN_DOMAINS: Final = 50
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
    is_new = _insert_domains(change, foreign_keys)
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
    _LinkWriter(change, foreign_keys, links).run(is_new if change.only_add else _accept_all)
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


def _accept_all(_domain_id: int) -> bool:
    return True


def _insert_domains(change: Change, foreign_keys: ForeignKeys) -> Callable[[int], bool]:
    """Write the new domains, and return a function that checks whether an id is one of theirs."""
    temp_table, positions = change.target.temp_table, change.target.ids
    done, total = 0, len(positions)
    max_id_before = (
        change.connection.execute(sa.select(sa.func.max(schema.domain.c.id))).scalar_one() or 0
    )
    last = max_id_before
    reused_ids: set[int] = set()  # ids in gaps between the earlier ids
    for part in change.target.new_domains():
        columns = {
            number: foreign_keys.columns(temp_table.entries[number]) for _, _, number in part
        }
        columns = _without_nulls(columns)
        values = [{"name": name, **columns[number]} for _, name, number in part]
        change.connection.execute(schema.domain.insert(), values)
        ids = _ids(change.connection, [name for _, name, _ in part], last)
        last = max(ids.values())
        reused_ids.update(row_id for row_id in ids.values() if row_id <= max_id_before)
        for position, name, _ in part:
            positions[position] = ids[name]
        done += len(part)
        change.progress("writing domains", done, total)
    return lambda row_id: row_id > max_id_before or row_id in reused_ids


def _without_nulls(rows: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return rows without the columns that are NULL in all of them, which is the default."""
    used = {name for row in rows.values() for name, value in row.items() if value is not None}
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

    def run(self, is_selected: Callable[[int], bool]) -> None:
        """Update all domains whose id `is_selected` accepts."""
        done, total = 0, len(self._change.target.ids)
        for part in stored_domains(self._change.connection):
            targets = self._change.target_entries(part)
            selected = (row for row in part if row.id in targets and is_selected(row.id))
            domains = [(row, *targets[row.id]) for row in selected]
            for row, _, name, number in domains:
                self._update(row, name, number)
            for index in range(len(SERVICE_TABLES)):
                # If all rows of a range need the same links, one statement writes them.
                rows = [(row, self._links[number][index]) for row, _, _, number in domains]
                if len(domains) == len(part) and not any(row.links[index] for row, _ in rows):
                    for links, run in groupby(rows, key=itemgetter(1)):
                        self._link_run(index, links, [row for row, _ in run])
                else:
                    self._link(index, rows)
            done += len(part)
            self._change.progress("writing services", min(done, total), total)

    def _link_run(
        self, index: int, service_ids: Sequence[int], domains: Sequence[StoredDomain]
    ) -> None:
        if len(domains) < _RUN_MIN_DOMAINS:
            self._link(index, [(row, service_ids) for row in domains])
            return
        _, links, column = SERVICE_TABLES[index]
        domain_id = schema.domain.c.id
        for service_id in service_ids:
            pairs = sa.select(sa.literal(service_id, sa.Integer), domain_id)
            pairs = pairs.where(domain_id.between(domains[0].id, domains[-1].id))
            insert_row = links.insert().from_select([column, "domain_id"], pairs)
            self._change.connection.execute(insert_row)

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
