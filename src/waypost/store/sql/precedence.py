"""The rule which row of `domain` is served, if several rows are for the same domain.

Lookups, `export`, `apply` and `db check` all use this module.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import DomainPattern
from waypost.database.engine import Connection
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.row_codes import row_diagnostic
from waypost.store.sql import schema
from waypost.store.sql.sync.temp_table import chunks

_NAMES_AT_ONCE: Final = 1000
_DOMAIN: Final = schema.domain.c

RowVerdict = str | Diagnostic
"""The text of the pattern that a row is served as, or the reason why no answer uses it."""


def rank_spellings(patterns: Iterable[DomainPattern]) -> dict[str, int]:
    """Return the spellings of patterns in the database, each with its rank.

    Args:
        patterns: in the order of precedence. Each has two ranks, of its A-labels and U-labels.
    """
    names = [name for pattern in patterns for name in _spellings(pattern)]
    return {name: rank for rank, name in reversed(list(enumerate(names)))}


def precedence_key(name: str, row_id: int, ranks: Mapping[str, int]) -> tuple[int, bool, int]:
    """Return the rank of a row among those for the same domain; the smallest is served.

    A-labels come before U-labels. Of names that differ in case the lower-case one is served, which
    automx2 used for most requests, and then the oldest row.
    """
    lower = name.lower()
    return ranks[lower], name != lower, row_id


def name_condition(dialect: str) -> sa.ColumnElement[bool]:
    """Return the condition for the parameter `names`, which uses the index of each engine.

    MariaDB has no indexes of expressions, and its comparisons ignore case. They also treat ü as
    equal to u, so that the caller must compare the names again.
    """
    return name_column(dialect).in_(sa.bindparam("names", expanding=True))


def name_column(dialect: str) -> sa.ColumnElement[str]:
    """Return what `name_condition` compares with lower-case names."""
    return _DOMAIN.name if dialect == "mysql" else sa.func.lower(_DOMAIN.name)


def find_served(connection: Connection, rows: Iterable[tuple[int, str]]) -> dict[int, RowVerdict]:
    """Return the verdict on each of these rows, given by id and name.

    All other rows of the database are taken into account as well.
    """
    verdicts: dict[int, RowVerdict] = {}
    other_spellings: dict[int, tuple[str, DomainPattern]] = {}
    for row_id, name in rows:
        try:
            pattern = DomainPattern.parse(name)
        except DomainError as error:
            problem, effect = f"name {name!r}: {error}", "no client can ask for it"
            verdicts[row_id] = row_diagnostic("db-domain-name", "domain", row_id, problem, effect)
            continue
        if name == pattern.text:
            verdicts[row_id] = name  # No other spelling has precedence, and the column is unique.
        else:
            other_spellings[row_id] = name, pattern
    groups = _groups(connection, {pattern for _, pattern in other_spellings.values()})
    for row_id, (name, pattern) in other_spellings.items():
        verdicts[row_id] = _verdict(row_id, name, pattern, groups[pattern])
    return verdicts


def rows_of(connection: Connection, pattern: DomainPattern) -> list[tuple[int, str]]:
    """Return id and name of each row for a pattern, in any spelling; the first one is served."""
    ranks = rank_spellings([pattern])
    query = sa.select(_DOMAIN.id, _DOMAIN.name).where(name_condition(connection.dialect.name))
    rows = connection.execute(query, {"names": list(ranks)}).all()
    matching = [(row_id, name) for row_id, name in rows if name.lower() in ranks]
    return sorted(matching, key=lambda row: precedence_key(row[1], row[0], ranks))


@dataclass(slots=True)
class _Candidates:
    """The best of the rows that a lookup of one pattern finds."""

    ranks: Mapping[str, int]
    best: tuple[tuple[int, bool, int], str] | None = field(default=None)

    def add(self, row_id: int, name: str) -> None:
        """Compare one more row."""
        candidate = precedence_key(name, row_id, self.ranks), name
        self.best = candidate if self.best is None else min(self.best, candidate)


def _groups(
    connection: Connection, patterns: Iterable[DomainPattern]
) -> dict[DomainPattern, _Candidates]:
    """Look up patterns in the same way as `SqlStore.find`."""
    groups = {pattern: _Candidates(rank_spellings([pattern])) for pattern in patterns}
    groups_by_name = {name: group for group in groups.values() for name in group.ranks}
    query = sa.select(_DOMAIN.id, _DOMAIN.name).where(name_condition(connection.dialect.name))
    for names in chunks(list(groups_by_name), _NAMES_AT_ONCE):
        for row_id, name in connection.execute(query, {"names": list(names)}).all():
            if (group := groups_by_name.get(name.lower())) is not None:
                group.add(row_id, name)
    return groups


def _verdict(row_id: int, name: str, pattern: DomainPattern, group: _Candidates) -> RowVerdict:
    if group.best is None:
        effect = f"not served until it is renamed to {pattern.text!r}"
        problem = f"name {name!r} is not in the form of a stored domain"
        return row_diagnostic("db-domain-form", "domain", row_id, problem, effect)
    (*_, best_id), best_name = group.best
    if best_id == row_id:
        return pattern.text
    problem = f"name {name!r} is the same domain as {best_name!r}"
    effect = f"domain {best_id} is served instead"
    return row_diagnostic("db-domain-twin", "domain", row_id, problem, effect)


def _spellings(pattern: DomainPattern) -> tuple[str, str]:
    """Return the two spellings of a pattern in the database: with A-labels and with U-labels."""
    prefix = "*." if pattern.text.startswith("*.") else ""
    name = pattern.text.removeprefix("*.")
    return pattern.text, prefix + (name if name == "*" else DomainName(name).unicode)
