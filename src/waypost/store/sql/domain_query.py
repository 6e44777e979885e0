"""One statement for a domain: its row with the provider and the directory, and its services.

A domain costs one round trip to the database, and the answer is of one state of the database. The
rows of the three parts have the same columns; the columns of the other parts are NULL.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from waypost.database.engine import Engine
from waypost.database.json_values import decode_json
from waypost.database.statement import CompiledStatement, fetch_rows
from waypost.store.sql import schema
from waypost.store.sql.precedence import name_column
from waypost.store.sql.rows.redirects import ENTRY_COLUMNS
from waypost.store.sql.sync.reader import policy_columns

LDAPSERVER_PREFIX: Final = "ldapserver_"
DIRECTORY_PREFIX: Final = "directory_"
_DOMAIN: Final = schema.domain.c
_PROVIDER: Final = schema.provider.c
_JSON: Final = (_PROVIDER.documentation, _PROVIDER.oauth2, _PROVIDER.pages)
_BOOLEANS: Final = ("declined", "show_display_name", f"{LDAPSERVER_PREFIX}use_ssl")
_DOMAIN_PART, _SERVER_PART, _DAVSERVER_PART = range(3)
# The first column is the part, the second one the id of the domain.
_ENTRY_START: Final = 4
_SERVICE_NAMES: Final = (
    *("id", "prio", "name", "port", "type", "socket_type", "user_name", "authentication"),
    *("authentication_methods", "domain_required", "use_ssl", "pop3", "formats"),
)

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A row of `domain` that a lookup may use, as the database has it.

    Attributes:
        id: of the row.
        name: as the operator wrote it.
        pinned_pacc: the pinned document, or None.
        entry: the other columns, with those of the provider and the directory.
    """

    id: int
    name: str
    pinned_pacc: bytes | memoryview | str | None
    entry: Values

    def columns(self) -> dict[str, Any]:
        """Return the columns of `entry` by name; JSON is decoded, if it is JSON."""
        row = dict(zip(_entry_names(), self.entry, strict=True))
        for column in _JSON:
            row[column.name] = None if row[column.name] is None else decode_json(row[column.name])
        # SQLite and MariaDB have numbers.
        for name in _BOOLEANS:
            row[name] = None if row[name] is None else bool(row[name])
        return row


@dataclass(frozen=True, slots=True)
class FoundRows:
    """What the statement found: the rows of `domain`, and the services of each of them."""

    domains: Sequence[DomainRow]
    services: Sequence[Values]

    def services_of(self, domain_id: int) -> tuple[Values, ...]:
        """Return the services of a domain in the order of preference: hosts, then URLs, by id."""
        mine = [row for row in self.services if row[1] == domain_id]
        # Without the id of the domain: domains with the same services get equal values.
        start = _service_start()
        mine.sort(key=lambda row: (row[0], row[start]))
        return tuple((row[0], *row[start:]) for row in mine)


class DomainQuery:
    """The statement for one engine, for any number of names."""

    def __init__(self, engine: Engine) -> None:
        """Initialize it; no text is generated yet."""
        self._engine = engine
        # By the number of names, which is limited: a name of a domain has at most 127 labels.
        self._statements: dict[int, CompiledStatement] = {}

    def run(self, names: Sequence[str]) -> FoundRows:
        """Return the rows of these domains; MariaDB also returns those of similar names.

        Raises:
            StoreUnavailable: the database does not answer.
            StoreError: the operator must fix the database first.
        """
        statement = self._statements.get(len(names))
        if statement is None:
            compiled = CompiledStatement.compile(_statement(self._engine, len(names)), self._engine)
            statement = self._statements.setdefault(len(names), compiled)
        values = {f"name{number}": name for number, name in enumerate(names)}
        domains: list[DomainRow] = []
        services: list[Values] = []
        end = _service_start()
        for row in fetch_rows(self._engine, statement, values):
            if row[0] == _DOMAIN_PART:
                _, row_id, name, pinned, *_ = row
                domains.append(DomainRow(row_id, name, pinned, row[_ENTRY_START:end]))
            else:
                services.append(row)
        return FoundRows(domains, services)


def service_columns(values: Values) -> tuple[sa.Table, dict[str, Any]]:
    """Return the table of a service of `FoundRows.services_of`, and its columns by name."""
    part, *columns = values
    row = dict(zip(_SERVICE_NAMES, columns, strict=True))
    if part == _SERVER_PART:
        return schema.server, row
    return schema.davserver, {**row, "url": row["name"]}


def _entry_columns() -> Iterator[sa.ColumnElement[Any]]:
    """Yield the columns of an entry, except services; `row.columns()` has their names."""
    yield from policy_columns()
    yield from ENTRY_COLUMNS
    yield from (_PROVIDER.name, _PROVIDER.short_name)
    # As texts: equal texts need not be decoded again. All drivers return texts then.
    yield from (sa.cast(column, sa.Text).label(column.name) for column in _JSON)
    yield _PROVIDER.subaddress_separators
    # The domain's columns of the same names have the ids.
    for table, prefix in (
        (schema.ldapserver, LDAPSERVER_PREFIX),
        (schema.directory, DIRECTORY_PREFIX),
    ):
        yield from (
            column.label(f"{prefix}{column.name}") for column in table.c if column.name != "id"
        )


@cache
def _entry_names() -> tuple[str, ...]:
    return tuple(column.name for column in _entry_columns())


@cache
def _service_start() -> int:
    return _ENTRY_START + len(_entry_names())


def _statement(engine: Engine, count: int) -> sa.CompoundSelect[Any]:
    names = [sa.bindparam(f"name{number}", type_=sa.String) for number in range(count)]
    is_asked = name_column(engine.dialect.name).in_(names)
    parts = (_domains(), _servers(), _davservers())
    return sa.union_all(*(part.where(is_asked) for part in parts))


def _domains() -> sa.Select[Any]:
    # A referenced row may be missing, because SQLite allows its removal.
    joined = schema.domain.outerjoin(schema.provider, _DOMAIN.provider_id == _PROVIDER.id)
    for table, column in (
        (schema.ldapserver, _DOMAIN.ldapserver_id),
        (schema.directory, _DOMAIN.directory_id),
    ):
        joined = joined.outerjoin(table, column == table.c.id)
    return sa.select(
        *(_number(_DOMAIN_PART, "part"), _DOMAIN.id.label("domain_id")),
        *(_DOMAIN.name.label("domain_name"), _DOMAIN.pinned_pacc, *_entry_columns()),
        *_nulls(_SERVICE_NAMES, "service_"),
    ).select_from(joined)


def _servers() -> sa.Select[Any]:
    server = schema.server.c
    return _services(
        _SERVER_PART,
        schema.server,
        schema.server_domain,
        *(server.id, server.prio, server.name, server.port, server.type, server.socket_type),
        *(server.user_name, server.authentication, server.authentication_methods),
        *(server.domain_required, sa.true().label("use_ssl"), server.pop3, server.formats),
    )


def _davservers() -> sa.Select[Any]:
    dav = schema.davserver.c
    return _services(
        _DAVSERVER_PART,
        schema.davserver,
        schema.davserver_domain,
        *(dav.id, dav.prio, dav.url, dav.port, dav.type, sa.null().label("socket_type")),
        *(dav.user_name, sa.null().label("authentication"), dav.authentication_methods),
        *(dav.domain_required, dav.use_ssl, sa.null().label("pop3"), dav.formats),
    )


def _services(
    part: int, table: sa.Table, links: sa.Table, *columns: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    domain_id = links.c.domain_id
    others = _nulls(("domain_name", "pinned_pacc", *_entry_names()), "")
    joined = schema.domain.join(links, domain_id == _DOMAIN.id)
    joined = joined.join(table, links.c[f"{table.name}_id"] == table.c.id)
    query = sa.select(_number(part, "part"), domain_id, *others, *columns).select_from(joined)
    # MariaDB begins with the small table of services while its statistics are older than a bulk
    # change, and then reads all links of each service: with 50,000 domains 80 ms, not 1.
    return query.prefix_with("STRAIGHT_JOIN", dialect="mysql")


def _number(number: int, name: str) -> sa.Label[Any]:
    return sa.literal_column(str(number), sa.Integer).label(name)


def _nulls(names: Sequence[str], prefix: str) -> list[sa.Label[Any]]:
    # PostgreSQL gives a NULL the type of the other parts: each column has a type in one of the
    # first two parts.
    return [sa.null().label(f"{prefix}{name}") for name in names]
