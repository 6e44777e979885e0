"""A domain that is created together with its provider, and undoing this."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from waypost.admin.changes import ChangeOptions, PlannedChange, run_changes
from waypost.admin.domains import DomainChange
from waypost.admin.objects import read_name
from waypost.admin.principal import Principal
from waypost.admin.provider_services.groups import has_groups
from waypost.admin.providers import ProviderChange
from waypost.admin.results import ChangeResult
from waypost.admin.source import AdminSource
from waypost.core.errors import InvalidObject
from waypost.database.engine import Connection
from waypost.store.sql.audit_log import AuditRow, find_audit, newest_audit_ids

ADDED_WITH_PROVIDER: Final = "add_with_provider"
"""The action of a domain whose provider was created in the same transaction, just before it."""
_UNDONE_MAX: Final = 100
"""How often a change may have been undone and made again."""


@dataclass(frozen=True, slots=True)
class DomainWithProviderCases:
    """The use case that creates a domain together with its provider."""

    source: AdminSource
    principal: Principal

    def add(self, name: str, data: Mapping[str, object], options: ChangeOptions) -> ChangeResult:
        """Create a provider without keys, and a domain of it, in one transaction.

        Raises:
            VersionConflict: one of them exists.
        """
        pattern, provider = read_name(name), str(data.get("provider") or "")
        self.principal.check_everything(f"create provider {provider!r}")

        def plans(connection: Connection) -> Iterator[PlannedChange]:
            try:
                yield ProviderChange(connection, provider, options).put({}, "put")
            except InvalidObject as error:
                raise InvalidObject(("provider", rule) for _, rule in error.mistakes) from error
            change = DomainChange(connection, self.principal, pattern, options)
            yield change.put(data, ADDED_WITH_PROVIDER)

        return run_changes(self.source, self.principal, options, plans)


@dataclass(frozen=True, slots=True)
class UndoWithProvider:
    """The part of an undo that is about the provider.

    Attributes:
        connection: in a transaction.
        row: the entry of the domain.
        name: of the provider.
        options: of the undo.
    """

    connection: Connection
    row: AuditRow
    name: str
    options: ChangeOptions

    def plans(self, domain: Callable[[], PlannedChange]) -> Iterator[PlannedChange]:
        """Yield the opposite of both changes: the provider exists as long as the domain does.

        Args:
            domain: plans the opposite of the change of the domain.
        """
        if self.row.after is None:
            yield from self._provider_again()
            yield domain()
            return
        reason, entry = self._reason_to_keep()
        change = domain()
        if reason:
            warning = f"provider {self.name!r} was created with this domain, and is kept: {reason}"
            yield replace(change, warnings=(*change.warnings, warning))
            return
        yield change
        provider = ProviderChange(self.connection, self.name, self.options).delete()
        yield replace(provider, undo_of=entry.id if entry is not None else None)

    def _last_entry(self) -> AuditRow | None:
        newest = newest_audit_ids(self.connection, [("provider", self.name)])
        return next((find_audit(self.connection, one) for one in newest.values()), None)

    def _reason_to_keep(self) -> tuple[str, AuditRow | None]:
        """Return why the provider is kept, or ""; and the newest entry about it."""
        change = ProviderChange(self.connection, self.name, self.options)
        entry = self._last_entry()
        if entry is None or entry.id > self.row.id or change.old_data != entry.after:
            return "it has changed since", entry
        return ("it has other domains" if change.count_domains() > 1 else ""), entry

    def _provider_again(self) -> Iterator[PlannedChange]:
        """Create the provider again, if this entry was made together with its removal."""
        change = ProviderChange(self.connection, self.name, self.options)
        entry = self._last_entry()
        before = None if entry is None else entry.before
        if entry is None or before is None or has_groups(before) or change.old_data is not None:
            return
        yield replace(change.put(before, "undo"), undo_of=entry.id)


def provider_of_addition(connection: Connection, row: AuditRow) -> str | None:
    """Return the provider that was created together with the domain of an entry, or None.

    The entry may also be that of an undo, or of an undo of this, and so on.
    """
    origin: AuditRow | None = row
    for _ in range(_UNDONE_MAX):
        if origin is None or origin.undo_of is None:
            break
        origin = find_audit(connection, origin.undo_of)
    if origin is None or origin.action != ADDED_WITH_PROVIDER or origin.after is None:
        return None
    return str(origin.after["provider"])
