"""Undo one change of the audit log."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from waypost.admin.access.access_log import LINK, SESSION, TOKEN
from waypost.admin.applied.noted import has_objects, has_same_objects, keys_of
from waypost.admin.applied.undo import AppliedUndo
from waypost.admin.changes import ChangeOptions, PlannedChange
from waypost.admin.directories import DirectoryChange, lost_secret
from waypost.admin.domains import DomainChange
from waypost.admin.objects import read_name
from waypost.admin.principal import Principal
from waypost.admin.provider_services.groups import has_groups
from waypost.admin.providers import ProviderChange
from waypost.admin.results import MANY_ACTIONS, OMITTED, Data
from waypost.admin.with_provider import UndoWithProvider, provider_of_addition
from waypost.core.errors import UndoRefused
from waypost.database.engine import Connection
from waypost.store.sql.audit_log import (
    AuditRow,
    newest_audit_ids,
    newest_domain_changes,
    undone_entries,
)

UNDO_KINDS: Final = ("domain", "provider", "directory")
"""The kinds of objects whose changes can be undone."""
SETUP_LINK: Final = "setup_link"
NO_UNDO: Final[Mapping[str, str]] = {
    SETUP_LINK: "is about a setup link; revoke it, or create another",
    TOKEN: "is about a token, whose secret is not stored; revoke it, or create another",
    LINK: "is about a sign-in link, which ends within ten minutes; create another",
    SESSION: "is about a sign-in; end the session, or sign in again",
}
"""Why a change of this kind is not undone."""
_INSTEAD: Final = "apply the old file with `waypost apply`, or restore a backup of the database"


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
        if (reason := undo_refusal(row)) is not None:
            raise UndoRefused(f"entry {row.id} {reason}")
        kind, name = row.object_kind or "", changed_name(row)
        newest = newest_audit_ids(self._connection, undo_names(row))
        undone = undone_entries(self._connection, newest.values())
        for (changed_kind, changed), last in newest.items():
            if is_later_change(last, row, undone):
                raise UndoRefused(
                    f"{changed_kind} {changed} has changed since, in entry {last}; undo that entry "
                    "first"
                )
        if has_objects(row.before):
            return AppliedUndo(self._connection, self._principal, row, self._options).plan()
        if has_groups(row.before):
            return self._services(name, row.before or {})
        plan = {
            "domain": self._domain,
            "provider": self._provider,
            "directory": self._directory,
        }[kind]
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

    def _services(self, name: str, before: Data) -> PlannedChange:
        """Restore the services of all domains of a provider."""
        self._principal.check_everything(f"change provider {name!r}")
        newest = newest_domain_changes(self._connection, [name], self._row.id)
        last = newest.get(name, 0)
        if is_later_change(last, self._row, undone_entries(self._connection, [last])):
            raise UndoRefused(
                f"a domain of provider {name} has changed since, in entry {last}; undo that entry "
                "first"
            )
        change = ProviderChange(self._connection, name, self._options)
        if change.old_data is None:
            raise self._changed()
        return change.services().restore(before, self._check_version)

    def _check_version(self, version: str) -> None:
        if version != (self._row.after or {}).get("version"):
            raise self._changed()

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
        """Refuse to undo a change of an object that has changed since without another entry."""
        if current != self._row.after:
            raise self._changed()

    def _changed(self) -> UndoRefused:
        return UndoRefused(
            f"{self._row.object_kind} {changed_name(self._row)} has changed since entry "
            f"{self._row.id}, by a change of another object, by `waypost apply`, or by another "
            "program"
        )


def undo_refusal(row: AuditRow) -> str | None:
    """Return why a change is never undone, or None."""
    if (reason := NO_UNDO.get(row.object_kind or "")) is not None:
        return reason
    before = row.before or {}
    is_one = row.object_kind in UNDO_KINDS and row.object_name is not None
    if has_same_objects(row.before, row.after):
        return (
            "changed only secrets, or rows that no answer uses, which the audit log does not "
            f"store; it cannot be undone: {_INSTEAD}"
        )
    if has_objects(before) or has_groups(before):
        return None
    if is_one and row.action not in MANY_ACTIONS and OMITTED not in before:
        return None
    omitted = (
        f": {before[OMITTED]}, which the audit log does not store" if OMITTED in before else ""
    )
    return f"changed many objects{omitted}; it cannot be undone: {_INSTEAD}"


def is_later_change(newest: int, row: AuditRow, undone: Mapping[int, int]) -> bool:
    """Return whether the newest entry about an object forbids to undo an older one.

    If that is the undo of a later change, the object may be again as the older one left it.

    Args:
        newest: the id of the newest entry.
        row: the entry to undo.
        undone: from `undone_entries`.
    """
    return newest > row.id >= undone.get(newest, 0)


def changed_name(row: AuditRow) -> str:
    """Return the name of an object after its change, or that of a deleted object."""
    return str((row.after or row.before or {}).get("name", row.object_name))


def undo_names(row: AuditRow) -> set[tuple[str, str]]:
    """Return kind and name of the objects that no later entry may be about.

    These are two after a rename, and all objects that a file has changed.
    """
    if has_objects(row.before):
        return set(keys_of(row.before, row.after))
    kind = row.object_kind or ""
    return {(kind, changed_name(row)), (kind, row.object_name or "")}
