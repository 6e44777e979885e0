"""Read the database in parts, so that its size does not matter."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.errors import DomainError, StoreError
from waypost.core.model import (
    Directory,
    DirectoryPolicy,
    DomainPattern,
    LdapServer,
    Provider,
    Service,
    UnknownUser,
)
from waypost.database.engine import Connection
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.row_codes import row_diagnostic
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema
from waypost.store.sql.row_check import LEFT_OUT, dangling_links
from waypost.store.sql.rows import directories as directory_rows
from waypost.store.sql.rows import providers
from waypost.store.sql.rows import services as rows
from waypost.store.sql.rows.redirects import ENTRY_COLUMNS, StoredEntry, entry_columns
from waypost.store.sql.rows.services import RowError

CHUNK: Final = 5000
SERVICE_TABLES: Final = (
    (schema.server, schema.server_domain, "server_id"),
    (schema.davserver, schema.davserver_domain, "davserver_id"),
)
_COLUMNS_OF_DOMAIN: Final = {
    "provider": schema.domain.c.provider_id,
    "ldapserver": schema.domain.c.ldapserver_id,
    "directory": schema.domain.c.directory_id,
}
Links = tuple[tuple[int, ...], tuple[int, ...]]
"""The ids in `server` and in `davserver`, each ascending, which is the order of preference."""


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """The columns of `domain` about its users."""

    ldapserver_id: int | None = None
    directory_id: int | None = None
    unknown_user: str | None = None
    show_display_name: bool = False

    def with_directory(self, directory: Directory) -> DirectoryPolicy:
        """Return the policy for users, with the directory of the row."""
        policy = UnknownUser.ANSWER
        if self.unknown_user == UnknownUser.DECLINE:
            policy = UnknownUser.DECLINE
        return DirectoryPolicy(directory, policy, self.show_display_name)


@dataclass(frozen=True, slots=True)
class StoredDomain:
    """A row of `domain` and its links."""

    id: int
    name: str
    provider_id: int
    users: StoredPolicy
    links: Links
    entry: StoredEntry

    def columns(self) -> dict[str, Any]:
        """Return the values of the row by column name, without its id."""
        users = {name: getattr(self.users, name) for name in StoredPolicy.__slots__}
        columns = {"name": self.name, "provider_id": self.provider_id}
        return {**columns, **users, **entry_columns(self.entry)}

    def pattern(self) -> str | None:
        """Return the text of the pattern, or None if the name is invalid."""
        try:
            return DomainPattern.parse(self.name).text
        except DomainError:
            return None


def _read_provider(row: rows.Row) -> Provider:
    """Return a provider.

    Raises:
        StoreError: a column has malformed JSON. A command must neither drop nor overwrite it.
    """
    try:
        return providers.provider_from_row(row)
    except RowError as error:
        fix = "correct the column with SQL, or set it to NULL"
        raise StoreError(f"provider {row['id']}: {error}; {fix}") from error


class SharedRows:
    """The content of the database without its domains, which fits into memory.

    Attributes:
        services: the valid rows of each of `SERVICE_TABLES`, by id.
        unlinked: by table, the ids of services without a link from an existing domain.
    """

    def __init__(
        self, connection: Connection, domains: Sequence[StoredDomain] | None = None
    ) -> None:
        """Read the content. Invalid services are left out, as in answers.

        Args:
            connection: in a transaction, if others may write meanwhile.
            domains: read only the providers and services that these rows refer to; `unlinked` is
                empty then.
        """
        provider_ids: set[int] | None = None
        service_ids: list[set[int] | None] = [None for _ in SERVICE_TABLES]
        if domains is not None:
            provider_ids = {row.provider_id for row in domains}
            service_ids = [
                {number for row in domains for number in row.links[index]}
                for index in range(len(SERVICE_TABLES))
            ]
        self.providers: dict[int, Provider] = {
            row["id"]: _read_provider(row)
            for row in all_rows(connection, schema.provider, provider_ids)
        }
        self.ldapservers: Mapping[int, LdapServer] = {
            row["id"]: directory_rows.ldapserver_from_row(row)
            for row in all_rows(connection, schema.ldapserver)
        }
        self.waypost_directories = _read_waypost_directories(connection)
        self.unlinked: dict[str, set[int]] = {table.name: set() for table, _, _ in SERVICE_TABLES}
        if domains is None:
            for table, links, column in SERVICE_TABLES:
                self.unlinked[table.name] = _unlinked_ids(connection, table, links, column)
        read = [
            _services(connection, table, self.unlinked[table.name], ids)
            for (table, _, _), ids in zip(SERVICE_TABLES, service_ids, strict=True)
        ]
        self.services: tuple[Mapping[int, Service], ...] = tuple(known for known, _ in read)
        self._unused_rows = tuple(finding for _, unused in read for finding in unused)
        self._entries: dict[tuple[object, ...], DomainEntry] = {}

    @property
    def directories(self) -> tuple[Directory, ...]:
        """Return all directories, automx2's first, each kind by id."""
        return (*self.ldapservers.values(), *self.waypost_directories.values())

    def users(self, row: StoredPolicy) -> DirectoryPolicy | None:
        """Return how users of a domain are looked up; None if the directory's row is missing."""
        directory: Directory | None = None
        if row.directory_id is not None:
            directory = self.waypost_directories.get(row.directory_id)
        elif row.ldapserver_id is not None:
            directory = self.ldapservers.get(row.ldapserver_id)
        return None if directory is None else row.with_directory(directory)

    def entry(self, row: StoredDomain) -> DomainEntry:
        """Return the entry of a row; references to missing rows are None."""
        key = (row.provider_id, row.users, row.links, row.entry)
        if (known := self._entries.get(key)) is not None:
            return known
        provider = self.providers.get(row.provider_id)
        services = tuple(
            services_by_id[number]
            for services_by_id, numbers in zip(self.services, row.links, strict=True)
            for number in numbers
            if number in services_by_id
        )
        entry = DomainEntry(provider, services, self.users(row.users), *row.entry)
        return self._entries.setdefault(key, entry)

    def unused_rows(self, connection: Connection) -> Iterator[Diagnostic]:
        """Yield the services that no domain has, and the links to missing rows."""
        yield from self._unused_rows
        yield from dangling_links(connection)


def all_rows(
    connection: Connection, table: sa.Table, ids: set[int] | None = None
) -> list[sa.RowMapping]:
    """Return all rows of a small table, by id; or only those with some ids."""
    query = sa.select(table).order_by(table.c.id)
    if ids is not None:
        query = query.where(table.c.id.in_(sorted(ids)))
    return list(connection.execute(query).mappings())


def ids_in_use(connection: Connection, table: sa.Table, ids: Iterable[int]) -> set[int]:
    """Return those ids of providers or directories that a domain has, by the index of its column.

    Args:
        connection: in a transaction.
        table: a key of `_COLUMNS_OF_DOMAIN`.
        ids: of rows of this table.
    """
    wanted = sorted(ids)
    if not wanted:
        return set()
    has_domain = sa.exists().where(_COLUMNS_OF_DOMAIN[table.name] == table.c.id)
    query = sa.select(table.c.id).where(table.c.id.in_(wanted), has_domain)
    return set(connection.execute(query).scalars())


def count_domains(connection: Connection) -> int:
    """Return the number of rows in `domain`."""
    count = sa.select(sa.func.count()).select_from(schema.domain)
    return int(connection.execute(count).scalar_one())


def stored_domains(
    connection: Connection, max_id: int | None = None
) -> Iterator[list[StoredDomain]]:
    """Yield all domains by id, in parts; the caller may change domains between the parts.

    Args:
        connection: in a transaction, if others may write meanwhile.
        max_id: yield only domains up to this id.
    """
    column = schema.domain.c
    reader = _DomainReader(connection)
    last: int | None = None
    while True:
        part = _domains().order_by(column.id).limit(CHUNK)
        if max_id is not None:
            part = part.where(column.id <= max_id)
        domains = reader.read(part if last is None else part.where(column.id > last))
        if not domains:
            return
        last = domains[-1].id
        yield domains


def domains_with_ids(connection: Connection, ids: Collection[int]) -> list[StoredDomain]:
    """Return a few domains, by id."""
    domain_id = schema.domain.c.id
    query = _domains().where(domain_id.in_(ids)).order_by(domain_id)
    return _DomainReader(connection).read(query, ids)


def policy_columns() -> tuple[sa.Column[Any], ...]:
    """Return the columns of `StoredPolicy`."""
    column = schema.domain.c
    return (
        *(column.ldapserver_id, column.directory_id, column.unknown_user),
        column.show_display_name,
    )


def _domains() -> sa.Select[Any]:
    column = schema.domain.c
    query = sa.select(column.id, column.name, column.provider_id, *policy_columns())
    return query.add_columns(*ENTRY_COLUMNS)


class _DomainReader:
    """A reader of rows of `domain` and their links; equal parts of rows are the same object."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._policies: dict[tuple[Any, ...], StoredPolicy] = {}
        self._entries: dict[tuple[Any, ...], StoredEntry] = {}

    def read(self, query: sa.Select[Any], ids: Collection[int] | None = None) -> list[StoredDomain]:
        """Return the rows of a query.

        Args:
            query: selects the columns of `_domains`, in the order of the ids.
            ids: of the rows; without this argument, the query returns all rows between its first
                and its last one.
        """
        rows_in_part = self._connection.execute(query).all()
        if not rows_in_part:
            return []
        first, last = rows_in_part[0][0], rows_in_part[-1][0]
        hosts, urls = (
            self._links(
                links.c.domain_id,
                links.c[service_id],
                links.c.domain_id.between(first, last)
                if ids is None
                else links.c.domain_id.in_(ids),
            )
            for _, links, service_id in SERVICE_TABLES
        )
        end = -len(ENTRY_COLUMNS)
        return [
            StoredDomain(
                id=row[0],
                name=row[1],
                provider_id=row[2],
                users=self._policy(row[3:end]),
                links=(tuple(hosts.get(row[0], ())), tuple(urls.get(row[0], ()))),
                entry=self._entry(row[end:]),
            )
            for row in rows_in_part
        ]

    def _policy(self, key: tuple[Any, ...]) -> StoredPolicy:
        if (policy := self._policies.get(key)) is None:
            policy = self._policies[key] = StoredPolicy(*key)
        return policy

    def _entry(self, key: tuple[Any, ...]) -> StoredEntry:
        if (entry := self._entries.get(key)) is None:
            if len(self._entries) >= CHUNK:  # Each domain may have its own redirect.
                self._entries.clear()
            entry = self._entries[key] = StoredEntry.from_row(*key)
        return entry

    def _links(
        self,
        domain_id: sa.Column[Any],
        service_id: sa.Column[Any],
        condition: sa.ColumnElement[bool],
    ) -> dict[int, list[int]]:
        """Return the ids of the services of each domain, ascending."""
        query = sa.select(domain_id, service_id).where(condition)
        ids_by_domain: dict[int, list[int]] = {}
        for domain, number in self._connection.execute(query).all():
            ids_by_domain.setdefault(domain, []).append(number)
        for numbers in ids_by_domain.values():
            numbers.sort()
        return ids_by_domain


def _read_waypost_directories(
    connection: Connection,
) -> Mapping[int, directory_rows.WaypostDirectory]:
    directories: dict[int, directory_rows.WaypostDirectory] = {}
    for row in all_rows(connection, schema.directory):
        try:
            directories[row["id"]] = directory_rows.directory_from_row(row)
        except RowError:
            continue
    return directories


def _services(
    connection: Connection, table: sa.Table, unlinked: set[int], ids: set[int] | None
) -> tuple[Mapping[int, Service], Sequence[Diagnostic]]:
    """Return the services of a table by id, and findings about rows that no domain uses."""
    is_server = table is schema.server
    read: Any = rows.service_from_server if is_server else rows.service_from_davserver
    name = "name" if is_server else "url"
    services_by_id: dict[int, Service] = {}
    unused: list[Diagnostic] = []
    for row in all_rows(connection, table, ids):
        number = row["id"]
        try:
            services_by_id[number] = read(row)
        except RowError as error:
            unused.append(row_diagnostic("db-service", table.name, number, str(error), LEFT_OUT))
            continue
        if number in unlinked:
            problem = f"{name} {row[name]!r} has no domain"
            effect = "no answer uses it"
            unused.append(row_diagnostic("db-service-unused", table.name, number, problem, effect))
    return services_by_id, unused


def _unlinked_ids(
    connection: Connection, table: sa.Table, links: sa.Table, column: str
) -> set[int]:
    is_linked = sa.exists().where(
        links.c[column] == table.c.id, links.c.domain_id == schema.domain.c.id
    )
    return set(connection.execute(sa.select(table.c.id).where(~is_linked)).scalars())
