"""Change one domain; read and write only the rows that belong to it.

`waypost apply` compares all domains. This change is quick in a database of any size.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.address import DomainName
from waypost.core.errors import ProvidersError
from waypost.core.model import Domain, DomainPattern, MatchKind, candidates
from waypost.database.engine import Connection
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.store.sql import schema
from waypost.store.sql.precedence import find_served, rank_spellings, rows_of
from waypost.store.sql.rows.redirects import alias_domain, entry_columns
from waypost.store.sql.sync.directories import policy_values
from waypost.store.sql.sync.reader import (
    SERVICE_TABLES,
    SharedRows,
    StoredDomain,
    domains_with_ids,
)
from waypost.store.sql.sync.row_ids import insert_row

MODELS_COMPARED: Final = 100
"""How many of the newest domains of a provider must have the same services and directory."""
_DOMAIN = schema.domain.c
_PROVIDER = schema.provider.c


class ModelDomain:
    """A stored domain whose provider, services and directory another domain gets."""

    def __init__(self, row: StoredDomain, shared_rows: SharedRows) -> None:
        """Create a model from a row that is neither an alias nor redirected."""
        self.row = row
        self.shared_rows = shared_rows
        self.entry = shared_rows.entry(row)

    def for_pattern(self, pattern: DomainPattern) -> Domain:
        """Return the entry of another domain."""
        return self.entry.for_domain(pattern.text)

    def columns(self) -> dict[str, Any]:
        """Return the columns of a row of `domain`, without its name."""
        directories = self.shared_rows.waypost_directories.items()
        ids_by_label = {directory.label: row_id for row_id, directory in directories}
        policy = policy_values(self.entry.users, ids_by_label)
        return {"provider_id": self.row.provider_id, **entry_columns(self.entry), **policy}

    def service_ids(self, index: int) -> set[int]:
        """Return the ids of the valid services in one of `SERVICE_TABLES`."""
        return self.shared_rows.services[index].keys() & set(self.row.links[index])


class OneDomain:
    """The rows of one domain or pattern, in a transaction.

    Attributes:
        pattern: the domain.
        old: its entry as it is served, or None.
        unused_rows: the other rows for this domain, which no answer uses.
    """

    def __init__(self, connection: Connection, pattern: DomainPattern) -> None:
        """Read the rows."""
        self.pattern = pattern
        self._connection = connection
        found = rows_of(connection, pattern)
        self._ids = [row_id for row_id, _ in found]
        verdicts = find_served(connection, found)
        self.unused_rows = tuple(
            verdict for verdict in verdicts.values() if isinstance(verdict, Diagnostic)
        )
        rows = domains_with_ids(connection, self._ids)
        self._rows = sorted(rows, key=lambda row: self._ids.index(row.id))
        self.old: Domain | None = None
        if self._rows:
            served = self._rows[0]
            self.old = SharedRows(connection, [served]).entry(served).for_domain(pattern.text)

    def model_of_provider(self, name: str) -> ModelDomain:
        """Return the newest other domain of a provider, if the newest ones do not differ.

        Raises:
            ProvidersError: there is no such provider or domain, or its domains differ.
        """
        provider_ids: list[int] = []
        # No driver accepts a name that is not UTF-8 on the command line: it contains surrogates.
        if not any("\ud800" <= char <= "\udfff" for char in name):
            query = sa.select(_PROVIDER.id, _PROVIDER.name).where(_PROVIDER.name == name)
            # MariaDB ignores case and accents in comparisons.
            provider_ids = [
                row_id for row_id, stored in self._connection.execute(query) if stored == name
            ]
        if not provider_ids:
            raise ProvidersError([f"--provider: the database has no provider {name!r}"])
        query = (
            sa.select(_DOMAIN.id)
            .where(
                *(_DOMAIN.provider_id.in_(provider_ids), _DOMAIN.id.not_in(self._ids)),
                *(_DOMAIN.redirect_address.is_(None), _DOMAIN.redirect_url.is_(None)),
                *(_DOMAIN.declined.is_(False), _DOMAIN.alias_of.is_(None)),
            )
            .order_by(_DOMAIN.id.desc())
            .limit(MODELS_COMPARED)
        )
        rows = domains_with_ids(self._connection, self._connection.execute(query).scalars().all())
        if not rows:
            problem = f"--provider: {name!r} has no other domain whose services can be used"
            fix = "name a domain of another provider with --like, or use `waypost apply`"
            raise ProvidersError([f"{problem}; {fix}"])
        shared_rows = SharedRows(self._connection, rows)
        newest = rows[-1]
        for row in rows:
            if shared_rows.entry(row) != shared_rows.entry(newest):
                problem = f"{newest.name} and {row.name} have different services or directories"
                fix = "name one of them with --like"
                raise ProvidersError([f"--provider: {name!r}: {problem}; {fix}"])
        return ModelDomain(newest, shared_rows)

    def model(self, pattern: DomainPattern) -> ModelDomain:
        """Return a stored domain as a model.

        Raises:
            ProvidersError: it cannot be a model.
        """
        found = rows_of(self._connection, pattern)
        rows = domains_with_ids(self._connection, [found[0][0]]) if found else []
        if not rows:
            raise ProvidersError([f"--like: the database has no domain {pattern}"])
        model = ModelDomain(rows[0], SharedRows(self._connection, rows))
        if model.entry.alias_of is not None:
            other = model.entry.alias_of
            raise ProvidersError([f"--like: {pattern} is an alias; use {other} instead"])
        if model.entry.redirect is not None or model.entry.provider is None:
            state = "has no provider" if model.entry.redirect is None else "is not served itself"
            raise ProvidersError([f"--like: {pattern} {state}; use another domain"])
        return model

    def check_aliases(self) -> None:
        """Refuse a change if another domain is an alias of this one, and would not change with it.

        Raises:
            ProvidersError: names the other domain.
        """
        for name in self._aliases():
            problem = f"{name} is an alias of this domain and has its services"
            fix = f"change {name} first, or change both with `waypost apply`"
            raise ProvidersError([f"{self.pattern}: {problem}; {fix}"])

    def write(self, model: ModelDomain) -> None:
        """Write the domain with the provider, the services and the directory of a model."""
        values = {"name": self.pattern.text, **model.columns()}
        domain_id = self._ids[0] if self._ids else None
        self._remove(self._ids[1:])
        if domain_id is None:
            domain_id = insert_row(self._connection, schema.domain, values, None)
            for _, links, _ in SERVICE_TABLES:
                # SQLite reuses the ids of removed rows, and links to them may still exist.
                self._connection.execute(links.delete().where(links.c.domain_id == domain_id))
        else:
            update = schema.domain.update().where(_DOMAIN.id == domain_id)
            self._connection.execute(update.values(values))
        stored_links = self._rows[0].links if self._rows else ((), ())
        for index, (_, links, column) in enumerate(SERVICE_TABLES):
            stored, wanted = set(stored_links[index]), model.service_ids(index)
            of_domain = links.c.domain_id == domain_id
            extra = of_domain & links.c[column].in_(stored - wanted)
            self._connection.execute(links.delete().where(extra))
            new = [{column: number, "domain_id": domain_id} for number in sorted(wanted - stored)]
            if new:
                self._connection.execute(links.insert(), new)
        self._remove_unused_services()

    def remove(self) -> None:
        """Remove the domain, and the services that no other domain has."""
        self._remove(self._ids)
        self._remove_unused_services()

    def _remove(self, ids: Iterable[int]) -> None:
        removed = list(ids)
        for _, links, _ in SERVICE_TABLES:
            self._connection.execute(links.delete().where(links.c.domain_id.in_(removed)))
        self._connection.execute(schema.domain.delete().where(_DOMAIN.id.in_(removed)))

    def _remove_unused_services(self) -> None:
        for index, (table, links, column) in enumerate(SERVICE_TABLES):
            linked_before = {number for row in self._rows for number in row.links[index]}
            is_linked = sa.exists().where(links.c[column] == table.c.id)
            unused = table.c.id.in_(linked_before) & ~is_linked
            self._connection.execute(table.delete().where(unused))

    def _aliases(self) -> Iterator[str]:
        """Yield the names of the aliases whose other domain matches this domain best."""
        alias_of = sa.func.lower(_DOMAIN.alias_of)
        condition = {
            MatchKind.EXACT: alias_of.in_(list(rank_spellings([self.pattern]))),
            MatchKind.SUFFIX: alias_of.endswith(self.pattern.text[1:], autoescape=True),
            MatchKind.ANY: alias_of.is_not(None),
        }[self.pattern.kind]
        query = sa.select(_DOMAIN.name, _DOMAIN.alias_of).where(condition)
        for name, stored in self._connection.execute(query.where(_DOMAIN.id.not_in(self._ids))):
            target = alias_domain(stored)
            if target is not None and self._is_best_match(DomainName(target)):
                yield name

    def _is_best_match(self, domain: DomainName) -> bool:
        patterns = candidates(domain)
        if self.pattern not in patterns:
            return False
        better = patterns[: patterns.index(self.pattern)]
        return not any(rows_of(self._connection, pattern) for pattern in better)
