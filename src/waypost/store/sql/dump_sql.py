"""SQL statements that fill an empty database, for `sqlite3`, `psql` or `mysql`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from waypost.core.merge_sequences import merge_sequences
from waypost.core.model import Catalog, HostEndpoint, LdapServer, Provider
from waypost.store.sql import schema
from waypost.store.sql.rows import directories, services
from waypost.store.sql.rows import providers as provider_rows
from waypost.store.sql.rows.redirects import redirect_columns
from waypost.store.sql.sync.directories import users_columns
from waypost.store.sql.sync.row_ids import advancing

SqlDialect = Literal["sqlite", "postgresql", "mysql"]

# Without these statements the client uses the terminal's encoding, and the server's settings
# decide how a backslash is read.
_ENCODING: Final[Mapping[SqlDialect, tuple[str, ...]]] = {
    "sqlite": (),
    "postgresql": ("SET client_encoding = 'UTF8';", "SET standard_conforming_strings = on;"),
    "mysql": (
        "SET NAMES utf8mb4;",
        "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', '');",
    ),
}

_SERVICES: Final = (
    (schema.server, schema.server_domain, "server_id"),
    (schema.davserver, schema.davserver_domain, "davserver_id"),
)


def sql_statements(catalog: Catalog, dialect: SqlDialect) -> Iterator[str]:
    """Yield the statements, each with a semicolon, in an order that satisfies foreign keys.

    They need an empty database with Waypost's tables. The ids of the rows begin at 1.

    Args:
        catalog: the wanted content of the database.
        dialect: the SQL dialect.
    """
    yield from _ENCODING[dialect]
    yield "BEGIN;"
    for table, row in _rows(catalog):
        yield f"{_compiled(table.insert().values(row), dialect)};"
    if dialect == "postgresql":
        for table in schema.metadata.sorted_tables:
            if "id" in table.c:
                yield f"{_compiled(advancing(table), dialect)};"
    yield "COMMIT;"


def _rows(catalog: Catalog) -> Iterator[tuple[sa.Table, Mapping[str, Any]]]:
    directory_ids: dict[str, int] = {}
    for directory in catalog.directories:
        if isinstance(directory, LdapServer):
            yield schema.ldapserver, directories.ldapserver_row(directory)
        else:
            number = directory_ids[directory.label] = len(directory_ids) + 1
            row = {k: v for k, v in directories.directory_row(directory).items() if v is not None}
            yield schema.directory, {"id": number, **row}
    providers = [*(domain.provider for domain in catalog.domains), *catalog.unused_providers]
    provider_ids = {p: number for number, p in enumerate(dict.fromkeys(providers), 1)}
    for provider, provider_id in provider_ids.items():
        row = {
            k: _text(v) for k, v in provider_rows.provider_row(provider).items() if v is not None
        }
        yield schema.provider, {"id": provider_id, **row}
    for domain_id, domain in enumerate(catalog.domains, 1):
        yield (
            schema.domain,
            {
                "id": domain_id,
                "name": domain.pattern.text,
                "provider_id": provider_ids[domain.provider],
                **users_columns(domain.users, directory_ids),
                **redirect_columns(domain.redirect),
            },
        )
    for table, links, column in _SERVICES:
        yield from _service_rows(catalog, provider_ids, table, links, column)


def _service_rows(
    catalog: Catalog,
    provider_ids: Mapping[Provider, int],
    table: sa.Table,
    links: sa.Table,
    column: str,
) -> Iterator[tuple[sa.Table, Mapping[str, Any]]]:
    is_server = table is schema.server
    service_id = 0
    for provider in provider_ids:
        domains = [(n, d) for n, d in enumerate(catalog.domains, 1) if d.provider == provider]
        for service, owners in merge_sequences(
            [s for s in domain.services if isinstance(s.endpoint, HostEndpoint) is is_server]
            for _, domain in domains
        ):
            service_id += 1
            endpoint = service.endpoint
            row = (
                services.server_row(service, endpoint)
                if isinstance(endpoint, HostEndpoint)
                else services.davserver_row(service, endpoint)
            )
            yield table, {"id": service_id, **row}
            for owner in owners:
                yield links, {column: service_id, "domain_id": domains[owner][0]}


def _text(value: str | list[Any] | dict[str, Any]) -> Any:  # noqa: ANN401  a value, or an expression for one
    """Return the value of a JSON column as a text that every engine accepts."""
    if isinstance(value, str):
        return value
    return sa.literal(json.dumps(value, ensure_ascii=False), sa.String)


def _compiled(statement: sa.ClauseElement, dialect: SqlDialect) -> str:
    """Return a statement with its values as literals, quoted by SQLAlchemy."""
    dialects = {
        "sqlite": sqlite.dialect,
        "postgresql": postgresql.dialect,
        "mysql": mysql.dialect,
    }
    compiled = statement.compile(
        dialect=dialects[dialect](paramstyle="named"), compile_kwargs={"literal_binds": True}
    )
    return str(compiled)
