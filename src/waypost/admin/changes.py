"""How a change is planned, checked, written and noted in the audit log, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from waypost.admin.applied.noted import NotedObjects
from waypost.admin.audit.entries import add_entry, who
from waypost.admin.principal import Principal
from waypost.admin.results import NEW_OBJECT, ChangeResult, Data, ObjectKind, StoredObject
from waypost.admin.source import AdminSource
from waypost.core.errors import ConfirmationNeeded, VersionConflict
from waypost.core.model import Catalog
from waypost.database.engine import (
    Connection,
    read_snapshot,
    refuse_missing_file,
    write_transaction,
)
from waypost.providers_file.plan import Plan, Planner
from waypost.store.sql.audit_log import AuditRow

MAX_NAMED: Final = 20
"""How many other objects an error names."""


def counted(count: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: `1 domain`, `2 domains`."""
    return f"{count} {noun if count == 1 else nouns or f'{noun}s'}"


class RolledBack(Exception):
    """The transaction ends without a change."""


@dataclass(frozen=True, slots=True)
class ChangeOptions:
    """How a change is made: the `ChangeArguments` of its caller, and what it undoes.

    Attributes:
        undo_of: the entry of the audit log that the change undoes.
        action: for the audit log; None for the usual one.
    """

    if_match: str | None = None
    if_none_match: str | None = None
    confirm: bool = False
    dry_run: bool = False
    undo_of: int | None = None
    action: str | None = None

    def check_version(self, what: str, current: StoredObject | None) -> None:
        """Refuse a change that was made for another version.

        Raises:
            VersionConflict: with both versions.
        """
        version = None if current is None else current.version
        if self.if_none_match == NEW_OBJECT and version is not None:
            raise VersionConflict(f"{what} exists already", None, version)
        if self.if_match is None or (self.if_match == NEW_OBJECT and version is not None):
            return
        if self.if_match != version:
            is_now = "does not exist" if version is None else f"has version {version} now"
            message = f"{what} {is_now}; the change was made for version {self.if_match}"
            raise VersionConflict(message, self.if_match, version)

    def check_confirmed(self, message: str, affected: list[str], count: int) -> None:
        """Refuse a change of other objects that is not confirmed; a dry run needs no confirmation.

        Raises:
            ConfirmationNeeded: with the other objects.
        """
        if count and not (self.confirm or self.dry_run):
            raise ConfirmationNeeded(message, affected[:MAX_NAMED], count)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change of one object, in a transaction.

    Attributes:
        action: for the audit log.
        kind, name: the object.
        plan: what changes.
        old, new: the object before and after; None if it does not exist.
        write: makes the change.
        provider: the provider of a domain.
        warnings: values that are perhaps not intended.
        is_same: whether nothing changes; None if the plan says that.
        undo_of: the entry of the audit log that the change undoes; None for that of the options.
        noted: what the audit log has as before and after; None for the objects themselves.
    """

    action: str
    kind: ObjectKind | None
    name: str | None
    plan: Plan
    old: StoredObject | None
    new: StoredObject | None
    write: Callable[[], None]
    provider: str | None = None
    warnings: tuple[str, ...] = ()
    is_same: bool | None = None
    undo_of: int | None = None
    noted: tuple[Data, Data] | None = None

    @property
    def is_needed(self) -> bool:
        """Whether anything changes."""
        return not (self.plan.is_empty if self.is_same is None else self.is_same)


def run_change(
    source: AdminSource,
    principal: Principal,
    options: ChangeOptions,
    plan: Callable[[Connection], PlannedChange],
) -> ChangeResult:
    """Plan a change, and make it with its entry in the audit log, in one transaction.

    Raises:
        StoreReadOnly: the domains are in a providers file.
        StoreUnavailable: the database does not answer, or another process writes for too long.
    """
    engine = source.database()
    refuse_missing_file(engine)
    if options.dry_run:
        with read_snapshot(engine) as connection:
            change = plan(connection)
            return ChangeResult(change.plan, change.old, change.new, change.warnings)
    with write_transaction(engine) as connection:
        change = plan(connection)
        if not change.is_needed:
            return ChangeResult(change.plan, change.old, change.new, change.warnings)
        audit_id = _make(connection, source, principal, options, change)
    return ChangeResult(
        change.plan,
        change.old,
        change.new,
        change.warnings,
        written=True,
        audit_id=audit_id,
    )


def run_changes(
    source: AdminSource,
    principal: Principal,
    options: ChangeOptions,
    plans: Callable[[Connection], Iterator[PlannedChange]],
) -> ChangeResult:
    """Make changes that belong together, each with its entry in the audit log, in one transaction.

    A dry run also makes them, because each depends on those before it, and is rolled back.

    Args:
        source: the database.
        principal: who makes the changes.
        options: how they are made.
        plans: yields each change when those before it are made; one of them is of a domain.

    Returns:
        The result for the domain, with the plans and the warnings of all changes.
    """
    engine = source.database()
    refuse_missing_file(engine)
    made: list[tuple[PlannedChange, int]] = []
    with suppress(RolledBack), write_transaction(engine) as connection:
        for change in plans(connection):
            audit_id = _make(connection, source, principal, options, change)
            made.append((change, audit_id))
        if options.dry_run:
            raise RolledBack
    domain, audit_id = next(one for one in made if one[0].kind == "domain")
    plan = _join([change.plan for change, _ in made])
    warnings = tuple(text for change, _ in made for text in change.warnings)
    written = not options.dry_run
    return ChangeResult(
        plan,
        domain.old,
        domain.new,
        warnings,
        written=written,
        audit_id=audit_id if written else None,
    )


def _make(
    connection: Connection,
    source: AdminSource,
    principal: Principal,
    options: ChangeOptions,
    change: PlannedChange,
) -> int:
    """Make a change, add its entry to the audit log, and return the id."""
    change.write()
    undo_of = options.undo_of if change.undo_of is None else change.undo_of
    row = audit_row(principal, options.action or change.action, change, undo_of)
    return add_entry(connection, row, source.settings.audit_retention_days)


def _join(plans: list[Plan]) -> Plan:
    """Return one plan of several."""
    added, changed, removed = (
        tuple(line for plan in plans for line in getattr(plan, name))
        for name in ("added", "changed", "removed")
    )
    counts = [sum(numbers) for numbers in zip(*(plan.counts for plan in plans), strict=True)]
    more = (counts[0] - len(added), counts[1] - len(changed), counts[2] - len(removed))
    return Plan(added, changed, removed, more)


def note_apply(
    connection: Connection, principal: Principal, noted: NotedObjects, plan: Plan, keep_days: int
) -> None:
    """Note in the audit log what `waypost apply` changed, in its transaction.

    Args:
        connection: in the transaction.
        principal: who runs the command.
        noted: the objects that change.
        plan: the changes.
        keep_days: how long the audit log keeps entries; 0 keeps all.
    """
    before, after = noted.sides(counts_of(plan))
    row = AuditRow(**who(principal), action="apply", before=before, after=after)
    add_entry(connection, row, keep_days)


def audit_row(
    principal: Principal, action: str, change: PlannedChange, undo_of: int | None = None
) -> AuditRow:
    """Return the entry of a change in the audit log."""
    before, after = change.noted or (_data(change.old), _data(change.new))
    return AuditRow(
        **who(principal),
        action=action,
        object_kind=change.kind,
        object_name=change.name,
        provider=change.provider,
        before=before,
        after=after,
        undo_of=undo_of,
    )


def counts_of(plan: Plan) -> dict[str, int]:
    """Return the numbers of the changes of a plan, as the audit log stores them."""
    return dict(zip(("added", "changed", "removed"), plan.counts, strict=True))


def plan_of(planner: Planner) -> Plan:
    """Return the plan of a planner about domains alone."""
    return planner.plan(Catalog(), Catalog())


def _data(stored: StoredObject | None) -> Data | None:
    return None if stored is None else stored.data
