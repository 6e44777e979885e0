"""Find the rows that automx2 tolerated and that Waypost cannot serve unchanged.

Nothing is changed: each finding names a table and an id, and what Waypost does with the row. Memory
is bounded: rows are read in pages, and the database joins the tables.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from waypost.database.engine import Connection
from waypost.diagnostics.diagnostic import Diagnostic, RowLocation
from waypost.diagnostics.row_codes import row_diagnostic
from waypost.store.sql import row_warnings, schema
from waypost.store.sql.precedence import RowVerdict, find_served
from waypost.store.sql.rows import directories, providers, services
from waypost.store.sql.rows.redirects import ENTRY_COLUMNS
from waypost.store.sql.unusable_domains import UnusableDomains

ROWS_AT_ONCE: Final = 1000
LEFT_OUT: Final = "left out of all answers"
_ID_AND_NAME: Final = (schema.domain.c.id, schema.domain.c.name)


def check_rows(connection: Connection) -> Iterator[Diagnostic]:
    """Check every row of an upgraded database.

    Yields:
        The findings, by table: services, providers, domains, links.

    Raises:
        sqlalchemy.exc.DBAPIError: as the driver raises it.
    """
    yield from _services(
        connection, schema.server, services.service_from_server, row_warnings.server_warnings
    )
    yield from _services(
        connection,
        schema.davserver,
        services.service_from_davserver,
        row_warnings.davserver_warnings,
    )
    yield from _providers(connection)
    unusable_domains = UnusableDomains(connection)
    for page in _pages(connection, sa.select(*_ID_AND_NAME, *ENTRY_COLUMNS)):
        verdicts = find_served(connection, [(row["id"], row["name"]) for row in page])
        served = [row for row in page if isinstance(verdicts[row["id"]], str)]
        unusable_by_location = {
            diagnostic.location: diagnostic for diagnostic in unusable_domains.find(served)
        }
        for row in page:
            yield from _domain(row, verdicts[row["id"]])
            location = RowLocation("domain", str(row["id"]))
            if (unusable_domain := unusable_by_location.get(location)) is not None:
                yield unusable_domain
            yield from row_warnings.domain_warnings(row)
    yield from _dangling(connection)
    yield from dangling_links(connection)


def domain_names(connection: Connection) -> Iterator[str]:
    """Yield the names of all domains and patterns as they are stored, in the order of their ids."""
    for row in read_pages(connection, sa.select(*_ID_AND_NAME)):
        yield row["name"]


def read_pages(connection: Connection, statement: sa.Select[Any]) -> Iterator[sa.RowMapping]:
    """Yield the rows of a statement that selects an `id`, in its order, read in pages."""
    for page in _pages(connection, statement):
        yield from page


def _pages(connection: Connection, statement: sa.Select[Any]) -> Iterator[Sequence[sa.RowMapping]]:
    key = statement.selected_columns["id"]
    page = statement.order_by(key).limit(ROWS_AT_ONCE)
    rows = connection.execute(page).mappings().all()
    while rows:
        yield rows
        rows = connection.execute(page.where(key > rows[-1]["id"])).mappings().all()


def _services(
    connection: Connection,
    table: sa.Table,
    read: Callable[[services.Row], object],
    warnings_of: Callable[[services.Row], Iterator[Diagnostic]],
) -> Iterator[Diagnostic]:
    for row in read_pages(connection, sa.select(table)):
        try:
            read(row)
        except services.RowError as error:
            yield row_diagnostic("db-service", table.name, row["id"], str(error), LEFT_OUT)
            continue
        yield from warnings_of(row)


def _providers(connection: Connection) -> Iterator[Diagnostic]:
    """Yield findings about invalid separators of sub-addresses."""
    provider = schema.provider.c
    columns = sa.select(provider.id, provider.subaddress_separators)
    for row in read_pages(connection, columns.where(provider.subaddress_separators.is_not(None))):
        stored = row["subaddress_separators"]
        if invalid := providers.invalid_separators(stored):
            problem = f"subaddress_separators {stored!r} contains {invalid!r}, which is not allowed"
            effect = "these characters are ignored"
            yield row_diagnostic("db-separators", "provider", row["id"], problem, effect)


def _domain(row: sa.RowMapping, verdict: RowVerdict) -> Iterator[Diagnostic]:
    """Yield findings about a name that is invalid, a duplicate, or not in lower case."""
    if isinstance(verdict, Diagnostic):
        yield verdict
    elif row["name"] != row["name"].lower():
        problem = f"name {row['name']!r} has uppercase letters"
        effect = "served in any case, while automx2 served only this spelling"
        yield row_diagnostic("db-domain-case", "domain", row["id"], problem, effect)


def _dangling(connection: Connection) -> Iterator[Diagnostic]:
    """Yield references to rows that do not exist, which SQLite allows without foreign keys."""
    domain, provider = schema.domain.c, schema.provider.c
    missing = sa.select(domain.id, domain.name, domain.provider_id).join_from(
        schema.domain, schema.provider, domain.provider_id == provider.id, isouter=True
    )
    for row in read_pages(connection, missing.where(provider.id.is_(None))):
        problem = f"name {row['name']!r} has provider {row['provider_id']}, which does not exist"
        effect = "served with its name as the provider"
        yield row_diagnostic("db-domain-provider", "domain", row["id"], problem, effect)
    yield from _dangling_directories(connection, domain.ldapserver_id, schema.ldapserver)
    yield from _dangling_directories(connection, domain.directory_id, schema.directory)
    directory = schema.directory.c
    for row in connection.execute(sa.select(schema.directory).order_by(directory.id)).mappings():
        try:
            directories.directory_from_row(row)
        except services.RowError as error:
            problem = f"label {row['label']!r}: {error}"
            effect = "its domains are served without a directory"
            yield row_diagnostic("db-directory", "directory", row["id"], problem, effect)


def _dangling_directories(
    connection: Connection, reference: sa.Column[Any], table: sa.Table
) -> Iterator[Diagnostic]:
    """Yield the domains whose directory does not exist.

    Args:
        connection: to the database.
        reference: the column of the domain that names a row of the table.
        table: of directories.
    """
    domain = schema.domain.c
    missing = (
        sa.select(domain.id, domain.name, reference)
        .join_from(schema.domain, table, reference == table.c.id, isouter=True)
        .where(reference.is_not(None), table.c.id.is_(None))
    )
    for row in read_pages(connection, missing):
        wanted = f"{table.name} {row[reference.name]}"
        problem = f"name {row['name']!r} has {wanted}, which does not exist"
        effect = "served without a directory"
        yield row_diagnostic("db-domain-directory", "domain", row["id"], problem, effect)


def dangling_links(connection: Connection) -> Iterator[Diagnostic]:
    """Yield links to a service or a domain that does not exist."""
    yield from _dangling_links(connection, schema.server, schema.server_domain.c.server_id)
    yield from _dangling_links(connection, schema.davserver, schema.davserver_domain.c.davserver_id)


def _dangling_links(
    connection: Connection, table: sa.Table, service_id: sa.Column[Any]
) -> Iterator[Diagnostic]:
    links, domain = service_id.table, schema.domain.c
    domain_id = links.c.domain_id
    page = (
        sa.select(service_id, domain_id, table.c.id, domain.id.label("known_domain"))
        .select_from(links)
        .outerjoin(table, table.c.id == service_id)
        .outerjoin(schema.domain, domain.id == domain_id)
        .where(sa.or_(table.c.id.is_(None), domain.id.is_(None)))
        .order_by(service_id, domain_id)
        .limit(ROWS_AT_ONCE)
    )
    rows = connection.execute(page).all()
    while rows:
        for linked_service, linked_domain, service, known_domain in rows:
            missing_rows = [f"{table.name} {linked_service}"] if service is None else []
            missing_rows += [f"domain {linked_domain}"] if known_domain is None else []
            verb = "does" if len(missing_rows) == 1 else "do"
            problem = f"{' and '.join(missing_rows)} {verb} not exist"
            key = f"{linked_service}/{linked_domain}"
            yield row_diagnostic("db-link", links.name, key, problem, "the link is ignored")
        last = rows[-1]
        same = sa.and_(service_id == last[0], domain_id > last[1])
        rows = connection.execute(page.where(sa.or_(service_id > last[0], same))).all()
