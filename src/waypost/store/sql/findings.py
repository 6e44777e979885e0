"""What stands in the rows that automx2 tolerated and that Waypost cannot serve as it stands.

Nothing is changed: each finding names a table and an id, and what an operator may do. Memory stays
bounded: rows are read one after the other, and what belongs together is found by the database.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from waypost.database.engine import Connection
from waypost.errors import DomainError
from waypost.model import DomainPattern
from waypost.store.sql import doubts, rows, schema
from waypost.store.sql.names import spellings

ROWS_AT_ONCE: Final = 1000
PROBLEM_MAX_CHARS: Final = 200
_NAMED: Final = (schema.domain.c.id, schema.domain.c.name)


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that does not say what automx2's operator may have meant.

    Attributes:
        table: one of automx2's seven.
        key: the id of the row; of a link both ids, as `4000/3000`.
        problem: what is wrong.
        effect: what Waypost does about it.
    """

    table: str
    key: str
    problem: str
    effect: str

    def __str__(self) -> str:
        """Give one line for people; what a row holds stands in it as `repr` writes it, and cut."""
        problem = self.problem
        if len(problem) > PROBLEM_MAX_CHARS:
            problem = f"{problem[:PROBLEM_MAX_CHARS]}…"
        return f"{self.table} {self.key}: {problem}; {self.effect}"


def findings(connection: Connection) -> Iterator[Finding]:
    """Look at every row of an upgraded database.

    Yields:
        The findings, by table: services, domains, links.

    Raises:
        sqlalchemy.exc.DBAPIError: as the driver raises it.
    """
    yield from _services(connection, schema.server, rows.service_from_server, doubts.of_server)
    yield from _services(
        connection, schema.davserver, rows.service_from_davserver, doubts.of_davserver
    )
    for row in paged(connection, sa.select(*_NAMED, _folded())):
        yield from _domain(connection, row)
    yield from _case_twins(connection)
    yield from _dangling(connection)


def domain_names(connection: Connection) -> Iterator[str]:
    """Give the names of all domains and patterns as they are stored, in the order of their ids."""
    for row in paged(connection, sa.select(*_NAMED)):
        yield row["name"]


def paged(connection: Connection, statement: sa.Select[Any]) -> Iterator[sa.RowMapping]:
    """Give the rows of a statement that selects an `id`, in its order, some at a time."""
    key = statement.selected_columns["id"]
    page = statement.order_by(key).limit(ROWS_AT_ONCE)
    found = connection.execute(page).mappings().all()
    while found:
        yield from found
        found = connection.execute(page.where(key > found[-1]["id"])).mappings().all()


def _folded() -> sa.ColumnElement[str]:
    return sa.func.lower(schema.domain.c.name).label("folded")


def _services(
    connection: Connection,
    table: sa.Table,
    read: Callable[[rows.Row], object],
    doubts_of: Callable[[rows.Row], Iterator[doubts.Doubt]],
) -> Iterator[Finding]:
    for row in paged(connection, sa.select(table)):
        key = str(row["id"])
        try:
            read(row)
        except rows.RowError as error:
            yield Finding(table.name, key, str(error), "left out of all answers")
            continue
        for doubt in doubts_of(row):
            yield Finding(table.name, key, doubt.problem, doubt.effect)


def _domain(connection: Connection, row: sa.RowMapping) -> Iterator[Finding]:
    """Find a name in a form that no question can meet, or that is there in another form."""
    key, name = str(row["id"]), row["name"]
    try:
        pattern = DomainPattern.parse(name)
    except DomainError as error:
        yield Finding("domain", key, f"name {name!r}: {error}", "no client can ask for it")
        return
    if row["folded"] not in spellings(pattern):
        effect = f"not served until it is called {pattern.text!r}"
        yield Finding("domain", key, f"name {name!r} is not how a domain is stored", effect)
    elif name != row["folded"]:
        effect = "served in any case, while automx2 answered this one only"
        yield Finding("domain", key, f"name {name!r} has capital letters", effect)
    if row["folded"] != pattern.text:
        # In U-labels: the A-labels would be asked first.
        same = (
            sa.select(*_NAMED)
            .where(sa.func.lower(schema.domain.c.name) == pattern.text)
            .order_by(schema.domain.c.id)
        )
        for twin in connection.execute(same).mappings():
            yield _twin(row, twin)


def _case_twins(connection: Connection) -> Iterator[Finding]:
    """Find names that differ in case only; `SqlStore.find` takes the one in small letters."""
    lower = sa.func.lower(schema.domain.c.name)
    repeated = sa.select(lower).group_by(lower).having(sa.func.count() > 1)
    twins: dict[str, list[tuple[bool, int, sa.RowMapping]]] = {}
    for row in paged(connection, sa.select(*_NAMED, _folded()).where(lower.in_(repeated))):
        twins.setdefault(row["folded"], []).append((row["name"] != row["folded"], row["id"], row))
    for folded in sorted(twins):
        first, *others = sorted(twins[folded], key=lambda twin: twin[:2])
        for other in others:
            yield _twin(other[2], first[2])


def _twin(row: sa.RowMapping, served: sa.RowMapping) -> Finding:
    problem = f"name {row['name']!r} is the same domain as {served['name']!r}"
    effect = f"domain {served['id']} is served, this one is not"
    return Finding("domain", str(row["id"]), problem, effect)


def _dangling(connection: Connection) -> Iterator[Finding]:
    """Find what points to rows that are not there; SQLite without foreign keys lets it happen."""
    domain, provider, ldapserver = schema.domain.c, schema.provider.c, schema.ldapserver.c
    missing = sa.select(domain.id, domain.name, domain.provider_id).join_from(
        schema.domain, schema.provider, domain.provider_id == provider.id, isouter=True
    )
    for row in paged(connection, missing.where(provider.id.is_(None))):
        problem = f"name {row['name']!r} has provider {row['provider_id']}, which is not there"
        yield Finding("domain", str(row["id"]), problem, "served with its own name as provider")
    missing = sa.select(domain.id, domain.name, domain.ldapserver_id).join_from(
        schema.domain, schema.ldapserver, domain.ldapserver_id == ldapserver.id, isouter=True
    )
    is_missing = sa.and_(domain.ldapserver_id.is_not(None), ldapserver.id.is_(None))
    for row in paged(connection, missing.where(is_missing)):
        problem = f"name {row['name']!r} has ldapserver {row['ldapserver_id']}, which is not there"
        yield Finding("domain", str(row["id"]), problem, "served without a directory")
    yield from _dangling_links(connection, schema.server, schema.server_domain.c.server_id)
    yield from _dangling_links(connection, schema.davserver, schema.davserver_domain.c.davserver_id)


def _dangling_links(
    connection: Connection, table: sa.Table, service_id: sa.Column[Any]
) -> Iterator[Finding]:
    links, domain = service_id.table, schema.domain.c
    statement = (
        sa.select(service_id, links.c.domain_id, table.c.id, domain.id.label("known_domain"))
        .select_from(links)
        .outerjoin(table, table.c.id == service_id)
        .outerjoin(schema.domain, domain.id == links.c.domain_id)
        .where(sa.or_(table.c.id.is_(None), domain.id.is_(None)))
        .order_by(service_id, links.c.domain_id)
    )
    for found_service, found_domain, service, known_domain in connection.execute(statement):
        gone = [f"{table.name} {found_service}"] if service is None else []
        gone += [f"domain {found_domain}"] if known_domain is None else []
        problem = f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} not there"
        yield Finding(links.name, f"{found_service}/{found_domain}", problem, "links nothing")
