"""Read the audit log, and undo one of its changes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from waypost.admin.access.access_log import ACCESS_KINDS, is_about, own_kind
from waypost.admin.audit.undo import NO_UNDO, UNDO_KINDS, Undo
from waypost.admin.audit.undo_offers import find_undoable, may_see_both_sides, may_see_side
from waypost.admin.changes import ChangeOptions, run_change, run_changes
from waypost.admin.cursors import check_limit, read_cursor, write_cursor
from waypost.admin.objects import read_name
from waypost.admin.principal import Principal
from waypost.admin.results import AuditEntry, AuditPage, ChangeResult
from waypost.admin.source import AdminSource
from waypost.core.errors import AccessForbidden, InvalidObject, ObjectNotFound
from waypost.database.engine import Connection, read_snapshot
from waypost.store.sql.audit_log import DOMAIN_KINDS, AuditFilter, AuditRow, find_audit, read_audit

_ID_MAX_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class AuditCases:
    """The use cases about the audit log."""

    source: AdminSource
    principal: Principal

    def page(
        self,
        about: str | None,
        since: datetime | None,
        limit: int,
        cursor: str | None,
        *,
        include_access: bool = True,
    ) -> AuditPage:
        """Return entries that the principal sees, newest first.

        Args:
            about: one object, or None.
            since: only entries at this time or later.
            limit: of the items.
            cursor: `next` of the part before.
            include_access: also entries about tokens, sign-in links and sessions.
        """
        check_limit(limit)
        key = read_cursor("audit", cursor)
        if key and not (key.isascii() and key.isdigit() and len(key) <= _ID_MAX_DIGITS):
            raise InvalidObject([("cursor", "is not the `next` of a list of this kind")])
        since = None if since is None else _in_utc(since)
        kind, name = _read_object(about)
        wanted = AuditFilter(
            object_kind=kind,
            object_name=name,
            since=since,
            domains=self.principal.domains,
            provider=self.principal.provider,
            before_id=int(key) if key else None,
            own_kind=own_kind(self.principal),
            own_id=self.principal.id,
            without_kinds=() if include_access else ACCESS_KINDS,
        )
        with read_snapshot(self.source.audit_database()) as connection:
            rows, has_more = read_audit(connection, wanted, limit)
            # The samples and a providers file cannot be changed.
            has_undo = self.source.engine is not None
            undoable = find_undoable(connection, self.principal, rows) if has_undo else ()
        items = tuple(self._entry(row, can_be_undone=row.id in undoable) for row in rows)
        return AuditPage(items, write_cursor("audit", str(items[-1].id) if has_more else None))

    def undo(self, audit_id: int, options: ChangeOptions) -> ChangeResult:
        """Undo a change."""
        self.principal.check_write()
        options = replace(options, undo_of=audit_id, action="undo")

        def undo_in(connection: Connection) -> Undo:
            row = find_audit(connection, audit_id)
            if row is None or not self._sees(row):
                raise ObjectNotFound(f"there is no entry {audit_id} in the audit log")
            if not may_see_both_sides(self.principal, row):
                raise AccessForbidden(f"{self.principal.name} may not undo entry {audit_id}")
            return Undo(connection, self.principal, row, options)

        with read_snapshot(self.source.database()) as connection:
            has_provider = undo_in(connection).provider() is not None
        if has_provider:
            return run_changes(
                self.source, self.principal, options, lambda one: undo_in(one).plans()
            )
        return run_change(self.source, self.principal, options, lambda one: undo_in(one).plan())

    def _sees(self, row: AuditRow) -> bool:
        if not self.principal.is_tenant:
            return True
        if row.object_kind in ACCESS_KINDS:
            return is_about(self.principal, row)
        if row.object_kind != "domain" or row.object_name is None:
            return False
        return self.principal.sees_domain(read_name(row.object_name), row.provider or "")

    def _may_see_remote(self, row: AuditRow) -> bool:
        """Return whether the principal may know the address that a change came from.

        The name of who made a change is not unique: an operator may have that of a tenant. Of all
        changes, only a sign-in is certainly by the person that it is about.
        """
        if not self.principal.is_tenant:
            return True
        return row.action == "sign_in" and is_about(self.principal, row)

    def _entry(self, row: AuditRow, *, can_be_undone: bool) -> AuditEntry:
        values = {name: getattr(row, name) for name in AuditRow.__slots__ if name != "provider"}
        values["remote"] = row.remote if self._may_see_remote(row) else None
        for side in ("before", "after"):
            is_known = may_see_side(self.principal, row, values[side])
            values[side] = values[side] if is_known else None
        return AuditEntry(**values, can_be_undone=can_be_undone)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidObject([("since", "must have a time zone, as in 2026-01-31T12:00:00Z")])
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidObject([("since", "must be from the year 1 to 9999 in UTC")]) from error


def _read_object(about: str | None) -> tuple[str | None, str | None]:
    """Return kind and name of `KIND:NAME`, or of the name of a domain."""
    if about is None:
        return None, None
    kind, colon, name = about.partition(":")
    if not colon:
        kind, name = "domain", about
    kinds = (*UNDO_KINDS, *NO_UNDO)
    if kind not in kinds:
        raise InvalidObject([("object", f"must begin with one of {', '.join(kinds)}, and a colon")])
    if "\0" in name or any("\ud800" <= char <= "\udfff" for char in name):
        raise InvalidObject([("object", "contains a character that no name has")])
    return kind, read_name(name, "object").text if kind in DOMAIN_KINDS else name
