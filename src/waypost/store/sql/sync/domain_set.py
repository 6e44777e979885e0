"""Change some domains; read and write only the rows that belong to them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.address import DomainName
from waypost.core.model import Domain, DomainPattern, MatchKind, candidates
from waypost.database.engine import Connection
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema
from waypost.store.sql.precedence import (
    find_served,
    name_condition,
    precedence_key,
    rank_spellings,
)
from waypost.store.sql.rows.redirects import alias_domain, entry_columns
from waypost.store.sql.sync.directories import policy_values
from waypost.store.sql.sync.reader import (
    SERVICE_TABLES,
    Links,
    SharedRows,
    StoredDomain,
    domains_with_ids,
)
from waypost.store.sql.sync.row_ids import insert_row
from waypost.store.sql.sync.service_rows import ServiceRows
from waypost.store.sql.sync.temp_table import chunks

_NAMES_AT_ONCE: Final = 500
_DOMAIN: Final = schema.domain.c


@dataclass(frozen=True, slots=True)
class DomainTarget:
    """What a domain is after a change.

    Attributes:
        provider_id: the row of its provider.
        entry: its entry, with this provider.
    """

    provider_id: int
    entry: DomainEntry


class DomainSet:
    """The rows of some domains and patterns, in a transaction.

    Attributes:
        shared_rows: the rows that they refer to.
    """

    def __init__(
        self, connection: Connection, patterns: Iterable[DomainPattern], *, lock: bool = False
    ) -> None:
        """Read the rows.

        Args:
            connection: in a transaction.
            patterns: the domains.
            lock: whether other programs must wait for the end of the transaction to change them.
        """
        self._connection = connection
        found = stored_names(connection, patterns, lock=lock)
        ids = [row_id for names in found.values() for row_id, _ in names]
        rows = {
            row.id: row
            for part in chunks(ids, _NAMES_AT_ONCE)
            for row in domains_with_ids(connection, part)
        }
        self._rows = {
            pattern: [rows[row_id] for row_id, _ in names if row_id in rows]
            for pattern, names in found.items()
        }
        self.shared_rows = SharedRows(connection, list(rows.values()))

    def row(self, pattern: DomainPattern) -> StoredDomain | None:
        """Return the row of a domain that is served, or None."""
        return next(iter(self._rows.get(pattern, ())), None)

    def entry(self, pattern: DomainPattern) -> DomainEntry | None:
        """Return the entry of a domain, or None."""
        row = self.row(pattern)
        return None if row is None else self.shared_rows.entry(row)

    def domain(self, pattern: DomainPattern) -> Domain | None:
        """Return a domain as it is served, or None."""
        entry = self.entry(pattern)
        return None if entry is None else entry.for_domain(pattern.text)

    def unused_rows(self, pattern: DomainPattern) -> tuple[Diagnostic, ...]:
        """Return the other rows for a domain, which no answer uses."""
        rows = self._rows.get(pattern, ())
        if len(rows) < 2:
            return ()
        verdicts = find_served(self._connection, [(row.id, row.name) for row in rows])
        return tuple(found for found in verdicts.values() if isinstance(found, Diagnostic))

    def write(self, targets: Mapping[DomainPattern, DomainTarget], services: ServiceRows) -> None:
        """Write domains; call `services.remove_unused` afterwards."""
        links: dict[DomainPattern, Links] = {}
        for pattern, target in targets.items():
            row = self.row(pattern)
            wanted = target.entry.services
            links[pattern] = services.links(target.provider_id, wanted, row, self.shared_rows)
        self._remove([row for pattern in targets for row in self._rows[pattern][1:]], services)
        ids = self._write_rows(targets)
        for index in range(len(SERVICE_TABLES)):
            self._write_links(index, {ids[p]: (self.row(p), links[p][index]) for p in ids})
            for pattern in targets:
                if (row := self.row(pattern)) is not None:
                    services.release(index, set(row.links[index]).difference(links[pattern][index]))

    def remove(self, patterns: Iterable[DomainPattern], services: ServiceRows) -> None:
        """Remove domains; call `services.remove_unused` afterwards."""
        self._remove([row for pattern in patterns for row in self._rows[pattern]], services)

    def rename(self, old: DomainPattern, new: DomainPattern, services: ServiceRows) -> None:
        """Give the row of a domain another name, which no other row has."""
        served, *others = self._rows[old]
        self._remove(others, services)
        # A pinned document names the old domain.
        update = schema.domain.update().where(_DOMAIN.id == served.id)
        self._connection.execute(update.values(name=new.text, pinned_pacc=None))

    def _columns(self, pattern: DomainPattern, target: DomainTarget) -> dict[str, Any]:
        directories = self.shared_rows.waypost_directories.items()
        ids_by_label = {directory.label: row_id for row_id, directory in directories}
        policy = policy_values(target.entry.users, ids_by_label)
        columns = {"name": pattern.text, "provider_id": target.provider_id}
        return {**columns, **entry_columns(target.entry), **policy}

    def _write_rows(
        self, targets: Mapping[DomainPattern, DomainTarget]
    ) -> dict[DomainPattern, int]:
        """Write the rows of `domain`, and return their ids."""
        ids: dict[DomainPattern, int] = {}
        new: list[dict[str, Any]] = []
        for pattern, target in targets.items():
            columns, row = self._columns(pattern, target), self.row(pattern)
            if row is None:
                new.append(columns)
                continue
            ids[pattern] = row.id
            if columns != row.columns():
                update = schema.domain.update().where(_DOMAIN.id == row.id)
                self._connection.execute(update.values(columns))
        if len(new) == 1:
            row_id = insert_row(self._connection, schema.domain, new[0], None)
            inserted = {DomainPattern(new[0]["name"]): row_id}
        elif new:
            self._connection.execute(schema.domain.insert(), new)
            names = [columns["name"] for columns in new]
            inserted = {
                DomainPattern(name): row_id
                for part in chunks(names, _NAMES_AT_ONCE)
                for row_id, name in self._connection.execute(
                    sa.select(_DOMAIN.id, _DOMAIN.name).where(_DOMAIN.name.in_(part))
                )
            }
        else:
            inserted = {}
        for _, links, _ in SERVICE_TABLES:
            # SQLite reuses the ids of removed rows, and links to them may still exist.
            for part in chunks(list(inserted.values()), _NAMES_AT_ONCE):
                self._connection.execute(links.delete().where(links.c.domain_id.in_(part)))
        return ids | inserted

    def _write_links(
        self, index: int, wanted: Mapping[int, tuple[StoredDomain | None, Sequence[int]]]
    ) -> None:
        _, links, column = SERVICE_TABLES[index]
        new, old = [], []
        for domain_id, (row, ids) in wanted.items():
            stored = () if row is None else row.links[index]
            new += [
                {column: n, "domain_id": domain_id} for n in sorted(set(ids).difference(stored))
            ]
            old += [{"s": n, "d": domain_id} for n in set(stored).difference(ids)]
        if old:
            is_old = (links.c[column] == sa.bindparam("s")) & (
                links.c.domain_id == sa.bindparam("d")
            )
            self._connection.execute(links.delete().where(is_old), old)
        if new:
            self._connection.execute(links.insert(), new)

    def _remove(self, rows: Sequence[StoredDomain], services: ServiceRows) -> None:
        for part in chunks([row.id for row in rows], _NAMES_AT_ONCE):
            for _, links, _ in SERVICE_TABLES:
                self._connection.execute(links.delete().where(links.c.domain_id.in_(part)))
            self._connection.execute(schema.domain.delete().where(_DOMAIN.id.in_(part)))
        for row in rows:
            for index, numbers in enumerate(row.links):
                services.release(index, numbers)


def stored_names(
    connection: Connection, patterns: Iterable[DomainPattern], *, lock: bool = False
) -> dict[DomainPattern, list[tuple[int, str]]]:
    """Return id and name of each row of some patterns, in any spelling; the first one is served."""
    found: dict[DomainPattern, list[tuple[int, str]]] = {pattern: [] for pattern in patterns}
    ranks = {pattern: rank_spellings([pattern]) for pattern in found}
    by_name = {name: pattern for pattern in found for name in ranks[pattern]}
    query = sa.select(_DOMAIN.id, _DOMAIN.name).where(name_condition(connection.dialect.name))
    if lock:
        query = query.with_for_update()
    for part in chunks(list(by_name), _NAMES_AT_ONCE):
        for row_id, name in connection.execute(query, {"names": list(part)}).all():
            if (pattern := by_name.get(name.lower())) is not None:
                found[pattern].append((row_id, name))
    for pattern, rows in found.items():
        rows.sort(key=lambda row, p=pattern: precedence_key(row[1], row[0], ranks[p]))  # type: ignore[misc]
    return found


def best_match(
    connection: Connection, domain: DomainName, new: Collection[DomainPattern] = ()
) -> DomainPattern | None:
    """Return the domain or pattern that matches a domain best, or None.

    Args:
        connection: in a transaction.
        domain: to match.
        new: further patterns, which will be stored.
    """
    patterns = candidates(domain)
    found = stored_names(connection, patterns)
    return next((one for one in patterns if one in new or found[one]), None)


def aliases_of(
    connection: Connection, patterns: Iterable[DomainPattern]
) -> Iterator[tuple[DomainPattern, DomainPattern]]:
    """Yield the aliases whose other domain matches one of these patterns best.

    Yields:
        The alias, and the pattern that it follows.
    """
    wanted = list(patterns)
    exact = [pattern for pattern in wanted if pattern.kind is MatchKind.EXACT]
    alias_of = _alias_column(connection.dialect.name)
    # SQL may have written the domain with a final dot, and such an alias is served.
    spellings = [text for name in rank_spellings(exact) for text in (name, f"{name}.")]
    conditions: list[sa.ColumnElement[bool]] = [
        alias_of.in_(part) for part in chunks(spellings, _NAMES_AT_ONCE)
    ]
    for pattern in wanted:
        if pattern.kind is MatchKind.SUFFIX:
            suffix = pattern.text[1:]
            conditions += [
                alias_of.endswith(text, autoescape=True) for text in (suffix, f"{suffix}.")
            ]
        elif pattern.kind is MatchKind.ANY:
            conditions.append(_DOMAIN.alias_of.is_not(None))
    known: dict[str, DomainPattern | None] = {one.text: one for one in exact}
    for condition in conditions:
        query = sa.select(_DOMAIN.name, _DOMAIN.alias_of).where(condition)
        for name, stored in connection.execute(query.where(_DOMAIN.alias_of.is_not(None))).all():
            target = alias_domain(stored)
            if target is None:
                continue
            if target not in known:
                known[target] = best_match(connection, DomainName(target), wanted)
            followed = known[target]
            if followed in wanted and (alias := _parsed(name)) is not None:
                yield alias, followed


def _alias_column(dialect: str) -> sa.ColumnElement[str]:
    return _DOMAIN.alias_of if dialect == "mysql" else sa.func.lower(_DOMAIN.alias_of)


def _parsed(name: str) -> DomainPattern | None:
    try:
        return DomainPattern.parse(name)
    except ValueError:
        return None
