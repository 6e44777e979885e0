"""The audit log: rows are added and read, and removed only when they are old."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.model import DomainPattern, MatchKind
from waypost.database.engine import Connection
from waypost.store.sql.admin_schema import audit

PRUNED_AT_ONCE: Final = 1000
"""How many old rows one change removes, so that no change takes long."""
PART_MAX_CHARS: Final = 4 * 1024 * 1024
"""How much JSON a part of the audit log has, unless its first entry has more."""
DOMAIN_KINDS: Final = ("domain", "setup_link")
"""The kinds whose names are domains, so that tenants see their entries."""
_AUDIT: Final = audit.c
_SIZES: Final = {"principal": 255, "remote": 64}
_ID_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry of the audit log; the attributes are the columns.

    Attributes:
        id: 0 before it is written.
        at: in UTC.
        provider: the name of the provider of a domain.
        before, after: JSON objects without secrets.
    """

    at: datetime
    principal: str
    principal_kind: str
    action: str
    remote: str | None = None
    object_kind: str | None = None
    object_name: str | None = None
    provider: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    undo_of: int | None = None
    id: int = 0

    def columns(self) -> dict[str, Any]:
        """Return the row without its id."""
        values = {name: getattr(self, name) for name in AuditRow.__slots__ if name != "id"}
        for name, size in _SIZES.items():
            values[name] = values[name] and values[name][:size]
        for name in ("before", "after"):
            values[name] = None if values[name] is None else _json(values[name])
        return values | {"at": self.at.astimezone(UTC).replace(tzinfo=None)}


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are read.

    Attributes:
        object_kind, object_name: of one object, or None.
        since: only entries at this time or later.
        domains: only entries of domains within these patterns; empty for all.
        provider: only entries of domains of this provider.
        before_id: only entries with smaller ids.
        own_kind, own_id: of the token or the session of a tenant, whose entries it also gets.
        without_kinds: no entries of these kinds.
    """

    object_kind: str | None = None
    object_name: str | None = None
    since: datetime | None = None
    domains: tuple[DomainPattern, ...] = ()
    provider: str | None = None
    before_id: int | None = None
    own_kind: str = ""
    own_id: str = ""
    without_kinds: tuple[str, ...] = ()

    def conditions(self, dialect: str) -> list[sa.ColumnElement[bool]]:
        """Return the conditions for the rows."""
        found: list[sa.ColumnElement[bool]] = []
        if self.object_kind is not None:
            found.append(_AUDIT.object_kind == self.object_kind)
        if self.object_name is not None:
            found.append(_is_exactly(dialect, _AUDIT.object_name, self.object_name))
        if self.since is not None:
            found.append(_AUDIT.at >= self.since.astimezone(UTC).replace(tzinfo=None))
        if self.domains or self.provider is not None:
            found.append(self._of_tenant(dialect))
        if self.without_kinds:
            is_other = _AUDIT.object_kind.not_in(self.without_kinds)
            found.append(_AUDIT.object_kind.is_(None) | is_other)
        if self.before_id is not None:
            found.append(_AUDIT.id < self.before_id)
        return found

    def _of_tenant(self, dialect: str) -> sa.ColumnElement[bool]:
        """Return the condition for the entries that a tenant may see."""
        parts: list[sa.ColumnElement[bool]] = [_AUDIT.object_kind.in_(DOMAIN_KINDS)]
        if self.domains:
            parts.append(sa.or_(*map(_covered, self.domains)))
        if self.provider is not None:
            parts.append(_is_exactly(dialect, _AUDIT.provider, self.provider))
        of_domains = sa.and_(*parts)
        if not self.own_id:
            return of_domains
        # A quotation mark within a text of JSON has a backslash, so no other value has this form.
        id_member = f'"id":{_json(self.own_id)}'
        has_id = sa.or_(
            *(one.contains(id_member, autoescape=True) for one in (_AUDIT.before, _AUDIT.after))
        )
        return of_domains | ((_AUDIT.object_kind == self.own_kind) & has_id)


def write_audit(connection: Connection, row: AuditRow) -> int:
    """Add an entry in the transaction of the change, and return its id."""
    key = connection.execute(audit.insert().values(row.columns())).inserted_primary_key
    return int(key[0]) if key is not None else 0


def write_audits(connection: Connection, rows: Sequence[AuditRow]) -> None:
    """Add entries in the transaction of the change."""
    if rows:
        connection.execute(audit.insert(), [row.columns() for row in rows])


def read_audit(
    connection: Connection, wanted: AuditFilter, limit: int
) -> tuple[list[AuditRow], bool]:
    """Return the newest entries, newest first, and whether there are more.

    Args:
        connection: in a transaction.
        wanted: which entries.
        limit: how many are returned at most; fewer if they have more than `PART_MAX_CHARS`.
    """
    before, after = (
        sa.func.coalesce(sa.func.length(one), 0) for one in (_AUDIT.before, _AUDIT.after)
    )
    query = sa.select(_AUDIT.id, before + after).where(*wanted.conditions(connection.dialect.name))
    found = connection.execute(query.order_by(_AUDIT.id.desc()).limit(limit + 1)).all()
    sums = accumulate(row[1] for row in found)
    fitting = [row[0] for row, total in zip(found, sums, strict=True) if total <= PART_MAX_CHARS]
    ids = (fitting or [row[0] for row in found[:1]])[:limit]
    rows = connection.execute(sa.select(audit).where(_AUDIT.id.in_(ids)).order_by(_AUDIT.id.desc()))
    return [_from_row(row) for row in rows.mappings()], len(ids) < len(found)


def find_audit(connection: Connection, audit_id: int) -> AuditRow | None:
    """Return one entry, or None."""
    if not 0 < audit_id <= _ID_MAX:
        return None
    row = connection.execute(sa.select(audit).where(_AUDIT.id == audit_id)).mappings().first()
    return None if row is None else _from_row(row)


def newest_audit_ids(
    connection: Connection, objects: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Return the id of the newest entry about each object, in one statement.

    Args:
        connection: in a transaction.
        objects: kind and name of each; those without an entry are not in the result.
    """
    wanted = set(objects)
    if not wanted:
        return {}
    kind, name = _AUDIT.object_kind, _AUDIT.object_name
    key = sa.collate(name, "utf8mb4_bin") if connection.dialect.name == "mysql" else name
    query = sa.select(kind, key, sa.func.max(_AUDIT.id)).group_by(kind, key)
    query = query.where(
        kind.in_({one for one, _ in wanted}), name.in_(sorted({one for _, one in wanted}))
    )
    rows = connection.execute(query).all()
    return {(kind, name): newest for kind, name, newest in rows if (kind, name) in wanted}


def newest_domain_changes(
    connection: Connection, providers: Iterable[str], after: int
) -> dict[str, int]:
    """Return the id of the newest entry about a domain of each provider, in one statement.

    Args:
        connection: in a transaction.
        providers: their names; those without such an entry are not in the result.
        after: only entries with larger ids are read.
    """
    wanted = set(providers)
    if not wanted:
        return {}
    name = _AUDIT.provider
    key = sa.collate(name, "utf8mb4_bin") if connection.dialect.name == "mysql" else name
    query = sa.select(key, sa.func.max(_AUDIT.id)).group_by(key)
    query = query.where(_AUDIT.id > after, _AUDIT.object_kind == "domain", name.in_(sorted(wanted)))
    rows = connection.execute(query).all()
    return {provider: newest for provider, newest in rows if provider in wanted}


def undone_entries(connection: Connection, audit_ids: Iterable[int]) -> dict[int, int]:
    """Return the entry that each entry has undone, for those that are an undo; one statement."""
    ids = sorted(set(audit_ids))
    if not ids:
        return {}
    query = sa.select(_AUDIT.id, _AUDIT.undo_of)
    query = query.where(_AUDIT.id.in_(ids), _AUDIT.undo_of.is_not(None))
    return {row[0]: row[1] for row in connection.execute(query)}


def prune_audit(connection: Connection, days: int, now: datetime) -> int:
    """Remove some of the entries that are older than a number of days; 0 keeps all.

    Returns:
        The number of removed entries, at most `PRUNED_AT_ONCE`.
    """
    if not days:
        return 0
    oldest = (now - timedelta(days=days)).astimezone(UTC).replace(tzinfo=None)
    query = sa.select(_AUDIT.id).where(_AUDIT.at < oldest).order_by(_AUDIT.at)
    ids = connection.execute(query.limit(PRUNED_AT_ONCE)).scalars().all()
    if ids:
        connection.execute(audit.delete().where(_AUDIT.id.in_(ids)))
    return len(ids)


def _is_exactly(dialect: str, column: sa.Column[str], text: str) -> sa.ColumnElement[bool]:
    """Return the condition for the same text: MariaDB ignores case and accents in comparisons."""
    if dialect != "mysql":
        return column == text
    return (column == text) & (sa.collate(column, "utf8mb4_bin") == text)  # The first by the index.


def _covered(pattern: DomainPattern) -> sa.ColumnElement[bool]:
    if pattern.kind is MatchKind.ANY:
        return sa.true()
    is_same = _AUDIT.object_name == pattern.text
    if pattern.kind is MatchKind.EXACT:
        return is_same
    return is_same | _AUDIT.object_name.endswith(pattern.text[1:], autoescape=True)


def _from_row(row: sa.RowMapping) -> AuditRow:
    values = dict(row)
    for name in ("before", "after"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return AuditRow(**values | {"at": values["at"].replace(tzinfo=UTC)})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
