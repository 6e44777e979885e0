"""Read the audit log, and undo one of its changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from waypost.admin.access.access_log import ACCESS_KINDS, LINK, SESSION, TOKEN, is_about
from waypost.admin.changes import ChangeOptions, PlannedChange, run_change, run_changes
from waypost.admin.cursors import check_limit, read_cursor, write_cursor
from waypost.admin.directories import DirectoryChange, lost_secret
from waypost.admin.domains import DomainChange
from waypost.admin.objects import read_name
from waypost.admin.principal import Principal
from waypost.admin.providers import ProviderChange
from waypost.admin.results import MANY_ACTIONS, AuditEntry, AuditPage, ChangeResult, Data
from waypost.admin.source import AdminSource
from waypost.admin.with_provider import UndoWithProvider, provider_of_addition
from waypost.core.errors import AccessForbidden, InvalidObject, ObjectNotFound, UndoRefused
from waypost.database.engine import Connection, read_snapshot
from waypost.store.sql.audit_log import (
    DOMAIN_KINDS,
    AuditFilter,
    AuditRow,
    find_audit,
    last_audit_id,
    read_audit,
)

_KINDS: Final = ("domain", "provider", "directory")
_LINK: Final = "setup_link"
_NO_UNDO: Final[Mapping[str, str]] = {
    _LINK: "is about a setup link; revoke it, or create another",
    TOKEN: "is about a token, whose secret is not stored; revoke it, or create another",
    LINK: "is about a sign-in link, which ends within ten minutes; create another",
    SESSION: "is about a sign-in; end the session, or sign in again",
}
"""Why a change of this kind is not undone."""
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
            *(kind, name, since, self.principal.domains, self.principal.provider),
            int(key) if key else None,
            (TOKEN,) if self.principal.kind == "token" else (LINK, SESSION),
            self.principal.name,
            () if include_access else ACCESS_KINDS,
        )
        with read_snapshot(self.source.audit_database()) as connection:
            rows = list(islice(self._visible(connection, wanted, limit + 1), limit + 1))
        items = tuple(map(self._entry, rows[:limit]))
        return AuditPage(
            items, write_cursor("audit", str(items[-1].id) if len(rows) > limit else None)
        )

    def undo(self, audit_id: int, options: ChangeOptions) -> ChangeResult:
        """Undo a change."""
        self.principal.check_write()
        options = replace(options, undo_of=audit_id, action="undo")

        def undo_in(connection: Connection) -> Undo:
            row = find_audit(connection, audit_id)
            if row is None or not self._sees(row):
                raise ObjectNotFound(f"there is no entry {audit_id} in the audit log")
            if not (self._may_know(row, row.before) and self._may_know(row, row.after)):
                raise AccessForbidden(f"{self.principal.name} may not undo entry {audit_id}")
            return Undo(connection, self.principal, row, options)

        with read_snapshot(self.source.database()) as connection:
            has_provider = undo_in(connection).provider() is not None
        if has_provider:
            return run_changes(
                *(self.source, self.principal, options),
                lambda connection: undo_in(connection).plans(),
            )
        return run_change(
            *(self.source, self.principal, options),
            lambda connection: undo_in(connection).plan(),
        )

    def _visible(
        self, connection: Connection, wanted: AuditFilter, limit: int
    ) -> Iterator[AuditRow]:
        """Yield the entries that the principal sees, newest first.

        The database finds those about the name of a tenant, and others may have the same name.
        """
        while rows := read_audit(connection, wanted, limit):
            yield from (row for row in rows if not self._is_of_others(row))
            if len(rows) < limit:
                return
            wanted = replace(wanted, before_id=rows[-1].id)

    def _is_of_others(self, row: AuditRow) -> bool:
        """Return whether an entry is about the access of another person or token."""
        is_access = row.object_kind in ACCESS_KINDS
        return self.principal.is_tenant and is_access and not is_about(self.principal, row)

    def _sees(self, row: AuditRow) -> bool:
        if not self.principal.is_tenant:
            return True
        if row.object_kind in ACCESS_KINDS:
            return is_about(self.principal, row)
        if row.object_kind != "domain" or row.object_name is None:
            return False
        return self.principal.sees_domain(read_name(row.object_name), row.provider or "")

    def _may_know(self, row: AuditRow, data: Data | None) -> bool:
        """Return whether the principal may know one side of an entry that it sees.

        A domain may have come from another provider or name, or have gone there.
        """
        if data is None or not self.principal.is_tenant or row.object_kind in _NO_UNDO:
            return True
        return self.principal.sees_domain(read_name(str(data["name"])), str(data["provider"]))

    def _may_know_remote(self, row: AuditRow) -> bool:
        """Return whether the principal may know the address that a change came from.

        The name of who made a change is not unique: an operator may have that of a tenant. Of all
        changes, only a sign-in is certainly by the person that it is about.
        """
        if not self.principal.is_tenant:
            return True
        return row.action == "sign_in" and is_about(self.principal, row)

    def _entry(self, row: AuditRow) -> AuditEntry:
        values = {name: getattr(row, name) for name in AuditEntry.__slots__}
        values["remote"] = row.remote if self._may_know_remote(row) else None
        for side in ("before", "after"):
            values[side] = values[side] if self._may_know(row, values[side]) else None
        return AuditEntry(**values)


class Undo:
    """The opposite of the change of one entry, in a transaction."""

    def __init__(
        self, connection: Connection, principal: Principal, row: AuditRow, options: ChangeOptions
    ) -> None:
        """Create it; nothing is checked yet."""
        self._connection = connection
        self._principal = principal
        self._row = row
        self._options = options

    def provider(self) -> str | None:
        """Return the provider that was created together with the domain, if it is undone, too."""
        if self._principal.is_tenant:
            return None
        return provider_of_addition(self._connection, self._row)

    def plans(self) -> Iterator[PlannedChange]:
        """Yield the opposite of the change of a domain, and that of its provider."""
        name = self.provider() or ""
        undo = UndoWithProvider(self._connection, self._row, name, self._options)
        yield from undo.plans(self.plan)

    def plan(self) -> PlannedChange:
        """Plan the opposite.

        Raises:
            UndoRefused: it is not possible, or the object has changed since.
        """
        row = self._row
        if (reason := _NO_UNDO.get(row.object_kind or "")) is not None:
            raise UndoRefused(f"entry {row.id} {reason}")
        if row.object_kind not in _KINDS or row.object_name is None or row.action in MANY_ACTIONS:
            raise UndoRefused(
                f"entry {row.id} changed many objects, and cannot be undone; apply the old file "
                "with `waypost apply`, or restore a backup of the database"
            )
        name = str((row.after or row.before or {}).get("name", row.object_name))
        for changed in {name, row.object_name}:
            last = last_audit_id(self._connection, row.object_kind, changed)
            if last is not None and last > row.id:
                raise UndoRefused(
                    f"{row.object_kind} {changed} has changed since, in entry {last}; "
                    "undo that entry first"
                )
        plan = {
            "domain": self._domain,
            "provider": self._provider,
            "directory": self._directory,
        }[row.object_kind]
        return plan(name, None if row.before is None else row.before.get("name"))

    def _domain(self, name: str, old_name: object) -> PlannedChange:
        pattern = read_name(name)
        change = DomainChange(self._connection, self._principal, pattern, self._options)
        self._check_unchanged(change.old_data)
        if self._row.before is None:
            return change.delete()
        if old_name != name:
            return change.rename(read_name(str(old_name)))
        return change.put(self._row.before, "undo")

    def _provider(self, name: str, old_name: object) -> PlannedChange:
        self._principal.check_everything(f"change provider {name!r}")
        change = ProviderChange(self._connection, name, self._options)
        self._check_unchanged(change.old_data)
        if self._row.before is None:
            return change.delete()
        if old_name != name:
            return change.rename(str(old_name))
        return change.put(self._row.before, "undo")

    def _directory(self, label: str, _old_name: object) -> PlannedChange:
        self._principal.check_everything(f"change directory {label!r}")
        change = DirectoryChange(self._connection, self._principal, label, self._options)
        self._check_unchanged(change.old_data)
        before = self._row.before
        if before is None:
            return change.delete()
        planned = change.put(before, "undo")
        if (key := lost_secret(before)) is None:
            return planned
        effect = "it keeps its present value" if self._row.after is not None else "set it again"
        warning = f"{key}: the audit log has no secrets, so this one is not restored; {effect}"
        return replace(planned, warnings=(*planned.warnings, warning))

    def _check_unchanged(self, current: Data | None) -> None:
        """Refuse to undo a change of an object that SQL or another program has changed since."""
        if current != self._row.after:
            raise UndoRefused(
                f"{self._row.object_kind} {self._row.object_name} has changed since entry "
                f"{self._row.id}, without an entry in the audit log"
            )


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
    kinds = (*_KINDS, *_NO_UNDO)
    if kind not in kinds:
        raise InvalidObject([("object", f"must begin with one of {', '.join(kinds)}, and a colon")])
    if "\0" in name or any("\ud800" <= char <= "\udfff" for char in name):
        raise InvalidObject([("object", "contains a character that no name has")])
    return kind, read_name(name, "object").text if kind in DOMAIN_KINDS else name
