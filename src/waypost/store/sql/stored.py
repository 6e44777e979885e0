"""Reading the database in parts, so that its size does not matter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from waypost.errors import DomainError
from waypost.model import DomainPattern, LdapServer, Provider, Service
from waypost.store.offers import Offer
from waypost.store.sql import provider_rows, rows, schema
from waypost.store.sql.engine import Connection
from waypost.store.sql.finding import Finding
from waypost.store.sql.findings import dangling_links
from waypost.store.sql.rows import RowError

CHUNK: Final = 5000
SERVICE_TABLES: Final = (
    (schema.server, schema.server_domain, "server_id"),
    (schema.davserver, schema.davserver_domain, "davserver_id"),
)
Links = tuple[tuple[int, ...], tuple[int, ...]]
"""The ids in `server` and in `davserver`, each ascending, which is the order of preference."""


@dataclass(frozen=True, slots=True)
class StoredDomain:
    """A row of `domain` and its links."""

    id: int
    name: str
    provider_id: int
    ldapserver_id: int | None
    links: Links

    def pattern(self) -> str | None:
        """Give the text of the pattern, or None where the name makes no sense."""
        try:
            return DomainPattern.parse(self.name).text
        except DomainError:
            return None


class StoredHead:
    """What the database says apart from its domains; small enough to be read at once.

    Attributes:
        services: what can be read of each of `SERVICE_TABLES`, by id.
        idle: by table, the ids of services that no link leads to from a domain that is there.
    """

    def __init__(self, connection: Connection) -> None:
        """Read it. Services that make no sense are left out, as they are from answers."""
        self.providers: dict[int, Provider] = {
            row["id"]: provider_rows.provider_from_row(row)
            for row in every(connection, schema.provider)
        }
        self.ldapservers: tuple[LdapServer, ...] = tuple(
            map(provider_rows.ldapserver_from_row, every(connection, schema.ldapserver))
        )
        self.idle: Mapping[str, set[int]] = {
            table.name: _without_domain(connection, table, links, column)
            for table, links, column in SERVICE_TABLES
        }
        read = [
            _services(connection, table, self.idle[table.name]) for table, _, _ in SERVICE_TABLES
        ]
        self.services: tuple[Mapping[int, Service], ...] = tuple(known for known, _ in read)
        self._strays = tuple(finding for _, strays in read for finding in strays)
        self._offers: dict[tuple[int, int | None, Links], Offer] = {}

    def offer(self, row: StoredDomain) -> Offer:
        """Give what a row says about its domain; what it points to in vain is None."""
        key = (row.provider_id, row.ldapserver_id, row.links)
        if (known := self._offers.get(key)) is not None:
            return known
        provider = self.providers.get(row.provider_id)
        services = tuple(
            readable[number]
            for readable, numbers in zip(self.services, row.links, strict=True)
            for number in numbers
            if number in readable
        )
        is_known = any(server.id == row.ldapserver_id for server in self.ldapservers)
        offer = Offer(provider, services, row.ldapserver_id if is_known else None)
        return self._offers.setdefault(key, offer)

    def strays(self, connection: Connection) -> Iterator[Finding]:
        """Give the services that no domain gets, and the links of which an end is missing."""
        yield from self._strays
        yield from dangling_links(connection)


def every(connection: Connection, table: sa.Table) -> list[sa.RowMapping]:
    """Give all rows of a table that is never large, by id."""
    return list(connection.execute(sa.select(table).order_by(table.c.id)).mappings())


def count_domains(connection: Connection) -> int:
    """Give how many rows `domain` has."""
    count = sa.select(sa.func.count()).select_from(schema.domain)
    return int(connection.execute(count).scalar_one())


def stored_domains(connection: Connection) -> Iterator[list[StoredDomain]]:
    """Give all domains by id, in parts; they may be changed between one part and the next."""
    column = schema.domain.c
    asked = sa.select(column.id, column.name, column.provider_id, column.ldapserver_id)
    last: int | None = None
    while True:
        part = asked.order_by(column.id).limit(CHUNK)
        found = connection.execute(part if last is None else part.where(column.id > last)).all()
        if not found:
            return
        first, last = found[0][0], found[-1][0]
        hosts, urls = (
            _links(connection, links, service_id, first, last)
            for _, links, service_id in SERVICE_TABLES
        )
        yield [
            StoredDomain(*row, (tuple(hosts.get(row[0], ())), tuple(urls.get(row[0], ()))))
            for row in found
        ]


def _links(
    connection: Connection, links: sa.Table, service_id: str, first: int, last: int
) -> dict[int, list[int]]:
    asked = sa.select(links.c.domain_id, links.c[service_id])
    found: dict[int, list[int]] = {}
    asked = asked.where(links.c.domain_id.between(first, last))
    for domain_id, number in connection.execute(asked).all():
        found.setdefault(domain_id, []).append(number)
    for numbers in found.values():
        numbers.sort()
    return found


def _services(
    connection: Connection, table: sa.Table, idle: set[int]
) -> tuple[Mapping[int, Service], Sequence[Finding]]:
    """Give the services of a table by id, and the rows that no domain gets."""
    is_server = table is schema.server
    read: Any = rows.service_from_server if is_server else rows.service_from_davserver
    name = "name" if is_server else "url"
    known: dict[int, Service] = {}
    strays: list[Finding] = []
    for row in every(connection, table):
        number = row["id"]
        try:
            known[number] = read(row)
        except RowError as error:
            strays.append(Finding(table.name, str(number), str(error), "left out of all answers"))
            continue
        if number in idle:
            problem = f"{name} {row[name]!r} has no domain"
            strays.append(Finding(table.name, str(number), problem, "no client gets it"))
    return known, strays


def _without_domain(
    connection: Connection, table: sa.Table, links: sa.Table, column: str
) -> set[int]:
    is_linked = sa.exists().where(
        links.c[column] == table.c.id, links.c.domain_id == schema.domain.c.id
    )
    return set(connection.execute(sa.select(table.c.id).where(~is_linked)).scalars())
