"""Lists of domains by name, in parts, from a database of any size."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from waypost.core.model import Directory, Domain, DomainPattern, MatchKind
from waypost.database.engine import Connection
from waypost.store.sql import schema
from waypost.store.sql.precedence import find_served
from waypost.store.sql.sync.reader import SERVICE_TABLES, SharedRows, domains_with_ids

FEW: Final = 1000
"""A filter that so few domains meet is read first, and then sorted."""
_DOMAIN: Final = schema.domain.c
_LAST_CHAR: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class DomainFilter:
    """Which domains are listed.

    Attributes:
        prefix: the first characters of the name, in lower case.
        provider: the name of the provider, or None.
        host: the host of a service, or of its URL, or None.
        domains: patterns that the domains are within; empty for all.
    """

    prefix: str = ""
    provider: str | None = None
    host: str | None = None
    domains: tuple[DomainPattern, ...] = ()


def list_domains(
    connection: Connection, wanted: DomainFilter, after: str, limit: int
) -> tuple[list[Domain], str | None]:
    """Return domains by name.

    Args:
        connection: in a transaction.
        wanted: which domains.
        after: the key that was returned with the part before; "" for the first part.
        limit: how many rows are read.

    Returns:
        The domains, and the key of the next part; None for the last part.
    """
    conditions = filter_conditions(connection, wanted)
    if conditions is None:
        return [], None
    key = name_key(connection.dialect.name)
    query = sa.select(_DOMAIN.id, _DOMAIN.name, key).where(*conditions)
    if after:
        query = query.where(key > after)
    rows = connection.execute(query.order_by(key, _DOMAIN.id).limit(limit + 1)).all()
    page = rows[:limit]
    verdicts = find_served(connection, [(row[0], row[1]) for row in page])
    stored = {row.id: row for row in domains_with_ids(connection, [row[0] for row in page])}
    shared_rows = SharedRows(connection, list(stored.values()))
    domains = [
        shared_rows.entry(stored[row_id]).for_domain(verdict)
        for row_id, *_ in page
        if isinstance(verdict := verdicts[row_id], str) and row_id in stored
    ]
    return domains, page[-1][2] if len(rows) > limit else None


def name_key(dialect: str) -> sa.ColumnElement[str]:
    """Return what lists are sorted by: the name without case, by an index of each engine."""
    if dialect == "mysql":
        return _DOMAIN.name
    lower = sa.func.lower(_DOMAIN.name)
    return sa.collate(lower, "C") if dialect == "postgresql" else lower


def filter_conditions(
    connection: Connection, wanted: DomainFilter
) -> list[sa.ColumnElement[bool]] | None:
    """Return the conditions of a filter for rows of `domain`; None if no row can meet them."""
    conditions: list[sa.ColumnElement[bool]] = []
    dialect = connection.dialect.name
    if wanted.prefix:
        conditions.append(_has_prefix(dialect, wanted.prefix))
    if wanted.domains:
        conditions.append(within(dialect, wanted.domains))
    if wanted.provider is not None:
        ids = provider_ids(connection, wanted.provider)
        if not ids:
            return None
        conditions.append(_of_providers(connection, ids))
    if wanted.host is not None:
        conditions.append(_with_host(connection, wanted.host.lower()))
    return conditions


def within(dialect: str, patterns: Iterable[DomainPattern]) -> sa.ColumnElement[bool]:
    """Return the condition for domains within some patterns."""
    key = name_key(dialect)
    exact: list[str] = []
    parts: list[sa.ColumnElement[bool]] = []
    for pattern in patterns:
        if pattern.kind is MatchKind.ANY:
            return sa.true()
        exact.append(pattern.text)
        if pattern.kind is MatchKind.SUFFIX:
            parts.append(key.endswith(pattern.text[1:], autoescape=True))
    return sa.or_(key.in_(exact), *parts)


def provider_ids(connection: Connection, name: str) -> list[int]:
    """Return the ids of the providers with a name, the oldest first."""
    # No driver accepts surrogates, which are in texts that are not UTF-8.
    if any("\ud800" <= char <= "\udfff" for char in name) or "\0" in name:
        return []
    column = schema.provider.c
    query = sa.select(column.id, column.name).where(column.name == name).order_by(column.id)
    # MariaDB ignores case and accents in comparisons.
    return [row_id for row_id, stored in connection.execute(query) if stored == name]


def labels_in_use(connection: Connection, wanted: DomainFilter) -> set[str]:
    """Return the labels of the directories that the domains of a filter use."""
    conditions = filter_conditions(connection, wanted)
    if conditions is None:
        return set()
    query = sa.select(_DOMAIN.ldapserver_id, _DOMAIN.directory_id).where(*conditions).distinct()
    pairs = connection.execute(query).all()
    rows = SharedRows(connection, [])
    found: list[Directory | None] = []
    for ldapserver_id, directory_id in pairs:
        if directory_id is not None:
            found.append(rows.waypost_directories.get(directory_id))
        elif ldapserver_id is not None:
            found.append(rows.ldapservers.get(ldapserver_id))
    return {directory.label for directory in found if directory is not None}


def used_provider_ids(connection: Connection, wanted: DomainFilter) -> set[int]:
    """Return the ids of the providers of the domains of a filter."""
    conditions = filter_conditions(connection, wanted)
    if conditions is None:
        return set()
    query = sa.select(_DOMAIN.provider_id).where(*conditions).distinct()
    return set(connection.execute(query).scalars())


def _has_prefix(dialect: str, prefix: str) -> sa.ColumnElement[bool]:
    key = name_key(dialect)
    if dialect == "mysql":
        return key.startswith(prefix, autoescape=True)
    return (key >= prefix) & (key < prefix + _LAST_CHAR)


def _of_providers(connection: Connection, ids: Sequence[int]) -> sa.ColumnElement[bool]:
    is_of = _DOMAIN.provider_id.in_(ids)
    query = sa.select(_DOMAIN.id).where(is_of).limit(FEW + 1)
    found = connection.execute(query).scalars().all()
    if len(found) <= FEW:
        return _DOMAIN.id.in_(found)
    # Without the index of the column: the list is read in the order of the names.
    return (_DOMAIN.provider_id + 0).in_(ids)


def _with_host(connection: Connection, host: str) -> sa.ColumnElement[bool]:
    """Return the condition for domains with a service on a host.

    The tables of services are read completely: they are much smaller than that of domains.
    """
    found: set[int] = set()
    parts: list[sa.ColumnElement[bool]] = []
    for table, links, column in SERVICE_TABLES:
        place = sa.func.lower(table.c.name if table is schema.server else table.c.url)
        condition = place == host
        if table is not schema.server:
            # The authority of a URL (RFC 3986 s3.2), without a user.
            condition = sa.or_(
                *(
                    place.startswith(f"{scheme}://{host}{end}", autoescape=True)
                    for scheme in ("https", "http", "ldaps", "ldap")
                    for end in ("/", ":", "?")
                ),
                place.in_([f"{scheme}://{host}" for scheme in ("https", "http", "ldaps", "ldap")]),
            )
        services = sa.select(table.c.id).where(condition)
        linked = sa.select(links.c.domain_id).where(links.c[column].in_(services))
        found.update(connection.execute(linked.limit(FEW + 1)).scalars())
        parts.append(
            sa.exists().where(links.c.domain_id == _DOMAIN.id, links.c[column].in_(services))
        )
    if len(found) <= FEW:
        return _DOMAIN.id.in_(sorted(found))
    return sa.or_(*parts)


def domains_of_provider(
    connection: Connection, provider_id: int, size: int
) -> Iterator[list[DomainPattern]]:
    """Yield the domains of a provider that are served, by id, in parts.

    The caller may change these domains between the parts.
    """
    last = 0
    while True:
        query = sa.select(_DOMAIN.id, _DOMAIN.name).where(
            _DOMAIN.provider_id.in_([provider_id]), _DOMAIN.id > last
        )
        rows = [
            (row[0], row[1])
            for row in connection.execute(query.order_by(_DOMAIN.id).limit(size)).all()
        ]
        if not rows:
            return
        verdicts = find_served(connection, rows)
        yield [DomainPattern(one) for one in verdicts.values() if isinstance(one, str)]
        last = rows[-1][0]
