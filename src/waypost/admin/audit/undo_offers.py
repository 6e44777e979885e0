"""Which changes of a part of the audit log can be undone, for all of its entries at once.

The number of statements does not depend on that of the entries. What only the plan of an undo
finds, such as a directory that is gone and that a deleted domain needs, only undo refuses. So does
it if another program has changed a domain of a provider with more than `COMPARED_DOMAINS`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final

from waypost.admin.applied.noted import has_objects, noted_domain, objects_of
from waypost.admin.audit.undo import (
    NO_UNDO,
    UNDO_KINDS,
    changed_name,
    is_later_change,
    undo_names,
    undo_refusal,
)
from waypost.admin.objects import directory_data, domain_data, provider_data, read_name
from waypost.admin.principal import Principal, Role
from waypost.admin.provider_services.change import services_versions
from waypost.admin.provider_services.groups import has_groups
from waypost.admin.results import Data
from waypost.core.errors import AccessForbidden
from waypost.database.engine import Connection
from waypost.store.sql import schema
from waypost.store.sql.audit_log import (
    AuditRow,
    newest_audit_ids,
    newest_domain_changes,
    undone_entries,
)
from waypost.store.sql.sync.domain_set import DomainSet, aliases_of
from waypost.store.sql.sync.one_provider import counts_of_domains, providers_named
from waypost.store.sql.sync.reader import ids_in_use

_DOMAIN: Final = "domain"
_PROVIDER: Final = "provider"
_DIRECTORY: Final = "directory"
COMPARED_DOMAINS: Final = 1000
"""How many domains are read for one part of the audit log; undo itself reads all of them."""
COMPARED_OBJECTS: Final = 1000
"""How many objects of applied files are read for one part; older files get no offer."""
_Key = tuple[str, str]
"""Kind and name of an object."""


def find_undoable(
    connection: Connection, principal: Principal, rows: Iterable[AuditRow]
) -> set[int]:
    """Return the ids of the changes that a principal can undo now."""
    if principal.role is not Role.WRITE:
        return set()
    found = list(
        _bounded(
            row for row in rows if undo_refusal(row) is None and may_see_both_sides(principal, row)
        )
    )
    newest = newest_audit_ids(connection, {key for row in found for key in undo_names(row)})
    undone = undone_entries(connection, newest.values())
    found = [
        row
        for row in found
        if not any(is_later_change(newest.get(key, 0), row, undone) for key in undo_names(row))
    ]
    of_services = [row for row in found if has_groups(row.before)]
    of_files = [row for row in found if has_objects(row.before)]
    found = [row for row in found if not has_groups(row.before) and not has_objects(row.before)]
    stored, services = _StoredObjects(connection, found), _StoredServices(connection, of_services)
    files = _StoredFiles(connection, of_files)
    undoable = {row.id for row in found if stored.allows(row) and _may_undo(principal, row)}
    undoable |= {row.id for row in of_services if services.allows(row)}
    return undoable | {row.id for row in of_files if files.allows(row)}


def _bounded(rows: Iterable[AuditRow]) -> Iterator[AuditRow]:
    """Yield the changes, newest first, without old ones of files if those have many objects."""
    objects = 0
    for row in rows:
        objects += len(undo_names(row)) if has_objects(row.before) else 0
        if not has_objects(row.before) or objects <= COMPARED_OBJECTS:
            yield row


def may_see_side(principal: Principal, row: AuditRow, data: Data | None) -> bool:
    """Return whether a principal may see one side of an entry of the audit log.

    A domain may have come from another provider or name, or have gone there.
    """
    if data is None or not principal.is_tenant or row.object_kind in NO_UNDO:
        return True
    return principal.sees_domain(read_name(str(data["name"])), str(data["provider"]))


def may_see_both_sides(principal: Principal, row: AuditRow) -> bool:
    """Return whether a principal may see both sides of an entry of the audit log."""
    return may_see_side(principal, row, row.before) and may_see_side(principal, row, row.after)


class _StoredObjects:
    """What is stored now of the objects of some changes."""

    def __init__(self, connection: Connection, rows: Sequence[AuditRow]) -> None:
        """Read all objects at once."""
        self._objects: dict[_Key, Data] = {}
        self._in_use: set[_Key] = set()
        domains, providers, directories = (
            {name for row in rows for one, name in undo_names(row) if one == kind}
            for kind in UNDO_KINDS
        )
        created = {changed_name(row) for row in rows if row.before is None}
        stored = self._read_domains(connection, domains, created)
        earlier = {name for row in rows if (name := _earlier_provider(row)) is not None}
        self._read_providers(connection, providers | earlier)
        self._read_directories(connection, stored, directories)

    def allows(self, row: AuditRow) -> bool:
        """Return whether an object is as its change left it, and can become what it was before."""
        key = row.object_kind or "", changed_name(row)
        # Both sides are equal if only a secret has changed, which the audit log does not have.
        if self._objects.get(key) != row.after or row.before == row.after:
            return False
        if row.before is None:  # Undo deletes the object.
            return key not in self._in_use
        # `waypost apply` may have created another object with the name before a rename.
        if any(other in self._objects for other in undo_names(row) - {key}):
            return False
        earlier = _earlier_provider(row)
        return earlier is None or (_PROVIDER, earlier) in self._objects

    def _read_domains(
        self, connection: Connection, names: set[str], created: set[str]
    ) -> DomainSet:
        patterns = {name: read_name(name) for name in names}
        stored = DomainSet(connection, patterns.values())
        for name, pattern in patterns.items():
            if (domain := stored.domain(pattern)) is not None:
                self._objects[_DOMAIN, name] = domain_data(domain)
        # Only undo itself finds the aliases of a pattern, which may be all aliases.
        exact = [patterns[name] for name in created & names if "*" not in name]
        for alias, followed in aliases_of(connection, exact):
            if alias != followed:
                self._in_use.add((_DOMAIN, followed.text))
        return stored

    def _read_providers(self, connection: Connection, names: set[str]) -> None:
        found = providers_named(connection, names)
        used = ids_in_use(connection, schema.provider, [one.id for one in found])
        for one in found:
            key = _PROVIDER, one.provider.name
            self._objects[key] = provider_data(one.provider)
            if one.id in used:
                self._in_use.add(key)

    def _read_directories(
        self, connection: Connection, stored: DomainSet, labels: set[str]
    ) -> None:
        rows = stored.shared_rows
        for table, known in (
            (schema.ldapserver, rows.ldapservers),
            (schema.directory, rows.waypost_directories),
        ):
            found = {number: one for number, one in known.items() if one.label in labels}
            used = ids_in_use(connection, table, found)
            for number, directory in found.items():
                key = _DIRECTORY, directory.label
                self._objects[key] = directory_data(directory)
                if number in used:
                    self._in_use.add(key)


class _StoredServices:
    """What is stored now of the services of all domains of the providers of some changes."""

    def __init__(self, connection: Connection, rows: Sequence[AuditRow]) -> None:
        """Read the domains of small providers, and count those of others, all at once."""
        self._ids: dict[str, int] = {}
        self._counts: dict[int, int] = {}
        self._changes: dict[str, int] = {}
        self._undone: dict[int, int] = {}
        self._versions: dict[int, str] = {}
        if rows:
            self._read(connection, rows)

    def allows(self, row: AuditRow) -> bool:
        """Return whether all domains are as a change left them.

        Of a large provider only undo itself reads all domains: here, their number and the audit log
        must not say that another program has added or removed one, or that one has changed.
        """
        name, after = changed_name(row), row.after or {}
        number = self._ids.get(name)
        if number is None or is_later_change(self._changes.get(name, 0), row, self._undone):
            return False
        if (version := self._versions.get(number)) is not None:
            return version == after.get("version")
        return self._counts.get(number) == after.get("domains")

    def _read(self, connection: Connection, rows: Sequence[AuditRow]) -> None:
        names = {changed_name(row) for row in rows}
        found = providers_named(connection, names)
        self._ids = {one.provider.name: one.id for one in found}
        self._counts = counts_of_domains(connection, self._ids.values())
        self._changes = newest_domain_changes(connection, names, min(row.id for row in rows))
        self._undone = undone_entries(connection, self._changes.values())
        counts = sorted(self._counts.items(), key=itemgetter(1))
        sums = accumulate(count for _, count in counts)
        small = [
            number
            for (number, _), total in zip(counts, sums, strict=True)
            if total <= COMPARED_DOMAINS
        ]
        self._versions = services_versions(connection, small)


class _StoredFiles:
    """What is stored now of the objects that applied files have changed."""

    def __init__(self, connection: Connection, rows: Sequence[AuditRow]) -> None:
        """Read all objects at once."""
        self._objects: dict[_Key, Data | None] = {}
        names: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            for kind, name in (*undo_names(row), *_earlier_providers(row)):
                names[kind].add(name)
        if not names:
            return
        patterns = [read_name(name) for name in names[_DOMAIN]]
        stored = DomainSet(connection, patterns)
        for pattern in patterns:
            self._objects[_DOMAIN, pattern.text] = noted_domain(stored.domain(pattern))
        for one in providers_named(connection, names[_PROVIDER]):
            self._objects[_PROVIDER, one.provider.name] = provider_data(one.provider)
        for directory in stored.shared_rows.directories:
            self._objects[_DIRECTORY, directory.label] = directory_data(directory)

    def allows(self, row: AuditRow) -> bool:
        """Return whether all objects are as the file left them, and the old providers exist."""
        return all(key in self._objects for key in _earlier_providers(row)) and all(
            self._objects.get((kind, name)) == objects_of(row.after, kind).get(name)
            for kind, name in undo_names(row)
        )


def _earlier_provider(row: AuditRow) -> str | None:
    """Return the provider that a domain had before its change, or None."""
    if row.object_kind != _DOMAIN or row.before is None:
        return None
    return str(row.before["provider"])


def _earlier_providers(row: AuditRow) -> set[_Key]:
    """Return the providers that domains had before a file, if the file did not change them."""
    known = objects_of(row.before, _PROVIDER)
    names = {str(one["provider"]) for one in objects_of(row.before, _DOMAIN).values()}
    return {(_PROVIDER, name) for name in names.difference(known)}


def _may_undo(principal: Principal, row: AuditRow) -> bool:
    """Return whether a principal may change an object back; a tenant only changes domains."""
    if not principal.is_tenant:
        return True
    provider = None if row.after is None else str(row.after["provider"])
    try:
        principal.check_domain(read_name(changed_name(row)), provider)
    except AccessForbidden:
        return False
    return True
