"""Restore the objects that `waypost apply` has changed, as `waypost apply` would write them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from waypost.admin.applied.noted import OBJECTS, by_name, keys_of, noted_domain, objects_of
from waypost.admin.changes import ChangeOptions, PlannedChange, counted, counts_of
from waypost.admin.directories import check_secret_use, lost_secret
from waypost.admin.objects import (
    ObjectMistakes,
    build_policy,
    check_domain,
    directory_data,
    in_stored_order,
    read_directory,
    read_domain,
    read_provider,
)
from waypost.admin.principal import Principal
from waypost.admin.results import Data
from waypost.core.address import DomainName
from waypost.core.errors import UndoRefused
from waypost.core.model import Catalog, Directory, Domain, DomainPattern, Provider, candidates
from waypost.database.engine import Connection
from waypost.providers_file.plan import Plan, Planner, with_stored_secret
from waypost.store.interning import DomainEntry
from waypost.store.sql.audit_log import AuditRow
from waypost.store.sql.sync.catalog import open_catalog
from waypost.store.sql.sync.diff import Change, TargetContent
from waypost.store.sql.sync.domain_set import best_match
from waypost.store.sql.sync.one_provider import provider_rows
from waypost.store.sql.sync.reader import SharedRows
from waypost.store.sql.sync.temp_table import CHUNK
from waypost.store.sql.sync.writer import write

_PLAN_ITEMS: Final = 1000
_Part = list[tuple[int, str, Domain | DomainEntry]]


class AppliedUndo:
    """The opposite of the change of an applied file, in a transaction.

    The target is the whole present content with the old objects, so that they are written as a
    file is: in one step, whatever refers to what.
    """

    def __init__(
        self, connection: Connection, principal: Principal, row: AuditRow, options: ChangeOptions
    ) -> None:
        """Read the entry.

        Raises:
            InvalidObject: an old object is not valid by the present rules.
            UndoRefused: the provider of an old domain does not exist now.
        """
        principal.check_everything("undo the change of a file")
        self._connection = connection
        self._principal = principal
        self._row = row
        self._options = options
        self._report = ObjectMistakes()
        self._changed = set(keys_of(row.before, row.after))
        shared_rows = SharedRows(connection, [])
        self._stored_directories = {one.label: one for one in shared_rows.directories}
        self._stored_providers = [one.provider for one in provider_rows(connection)]
        self._directories = self._old_directories()
        self._providers = self._old_providers()
        self._domains = {
            name: self._old_domain(name, data)
            for name, data in objects_of(row.before, "domain").items()
        }
        self._matches: dict[DomainName, DomainPattern | None] = {}
        self._report.check()

    def plan(self) -> PlannedChange:
        """Plan to restore the objects.

        Raises:
            UndoRefused: an object has changed since, or another domain uses a new one.
        """
        self._check_shared()
        with self._target(checks=True) as change:
            plan, count = _plan_of(change)
        self._options.check_confirmed(f"this changes {counted(count, 'domain')}", [], count)
        before, after = (
            {OBJECTS: (side or {})[OBJECTS]} for side in (self._row.before, self._row.after)
        )
        return PlannedChange(
            action="undo",
            kind=None,
            name=None,
            plan=plan,
            old=None,
            new=None,
            write=self._write,
            warnings=(*self._warnings(), *self._lost_secrets()),
            noted=(after, counts_of(plan) | before),
        )

    def _write(self) -> None:
        with self._target() as change:
            _plan_of(change)
            write(change)

    @contextmanager
    def _target(self, *, checks: bool = False) -> Iterator[Change]:
        """Yield the change from the present content to that with the old objects."""
        directories = tuple(self._directories.values())
        catalog = Catalog((), directories, tuple(self._providers.values()))
        with open_catalog(self._connection) as stored, TargetContent(catalog) as target:
            found: dict[str, Data] = {}
            part: _Part = []
            for domain in stored.domains:
                name = domain.pattern.text
                if ("domain", name) in self._changed:
                    found[name] = noted_domain(domain) or {}
                    continue
                part.append((len(target.ids) + len(part), name, self._kept(domain)))
                if len(part) == CHUNK:
                    target.add(part)
                    part.clear()
            if checks and found != objects_of(self._row.after, "domain"):
                raise self._has_changed()
            for name, entry in self._domains.items():
                part.append((len(target.ids) + len(part), name, entry.for_domain(name)))
            target.add(part)
            yield Change(self._connection, target)

    def _kept(self, domain: Domain) -> Domain | DomainEntry:
        """Return a domain that the file did not change, with the old form of its provider.

        An alias that was added since follows the old form of its domain.
        """
        if domain.alias_of is not None and (old := self._followed(domain)) is not None:
            return old
        name = domain.provider.name
        directory = None if domain.users is None else domain.users.directory.label
        if ("provider", name) in self._changed and name not in self._providers:
            raise UndoRefused(f"{domain.pattern} uses provider {name}, which the file has added")
        if directory is not None and directory not in self._directories:
            raise UndoRefused(f"{domain.pattern} uses directory {directory}, which the file added")
        return replace(domain, provider=self._providers.get(name, domain.provider))

    def _followed(self, alias: Domain) -> DomainEntry | None:
        """Return what an alias becomes if the file has changed the domain that it follows."""
        name = DomainName(alias.alias_of or "")
        if not any(("domain", one.text) in self._changed for one in candidates(name)):
            return None
        if name not in self._matches:  # Many aliases may follow one domain.
            restored = {DomainPattern(one) for one in self._domains}
            self._matches[name] = best_match(self._connection, name, restored)
        best = self._matches[name]
        if best is None or ("domain", best.text) not in self._changed:
            return None
        if (old := self._domains.get(best.text)) is None:
            raise UndoRefused(f"{alias.pattern} is an alias of {best}, which the file has added")
        return replace(old, alias_of=old.alias_of or alias.alias_of)

    def _check_shared(self) -> None:
        """Refuse the undo if a provider or a directory has changed since."""
        stored: dict[str, Mapping[str, Data]] = {
            "provider": by_name(self._stored_providers),
            "directory": {
                label: directory_data(one) for label, one in self._stored_directories.items()
            },
        }
        names = [one.name for one in self._stored_providers]
        for kind, name in self._changed:
            if kind != "domain" and (
                stored[kind].get(name) != objects_of(self._row.after, kind).get(name)
                or (kind == "provider" and names.count(name) > 1)
            ):
                raise self._has_changed()

    def _has_changed(self) -> UndoRefused:
        return UndoRefused(
            f"an object of entry {self._row.id} has changed since, by a change of another object, "
            "by `waypost apply`, or by another program"
        )

    def _old_directories(self) -> dict[str, Directory]:
        """Return all directories of the target; a stored secret stays."""
        stored = self._stored_directories
        found = {
            label: one for label, one in stored.items() if ("directory", label) not in self._changed
        }
        for label, data in objects_of(self._row.before, "directory").items():
            given = read_directory(label, data, self._report)
            if given is None:
                self._report.problem(label, "cannot be used")
                continue
            old = stored.get(label)
            found[label] = given if old is None else with_stored_secret(given, old)
            if self._principal.kind != "command":
                check_secret_use(given, found[label], old)
        return found

    def _old_providers(self) -> dict[str, Provider]:
        """Return all providers of the target."""
        found = {
            one.name: one
            for one in self._stored_providers
            if ("provider", one.name) not in self._changed
        }
        for name, data in objects_of(self._row.before, "provider").items():
            keys = {key: value for key, value in data.items() if key != "name"}
            if (provider := read_provider(name, keys, self._report)) is not None:
                found[name] = provider
        return found

    def _old_domain(self, name: str, data: Mapping[str, Any]) -> DomainEntry:
        keys = {key: value for key, value in data.items() if key != "alias_of"}
        directories = tuple(self._directories.values())
        provider = self._providers.get(str(data["provider"]))
        table = read_domain(keys, directories, self._report)
        if provider is None:
            raise UndoRefused(f"provider {data['provider']} of {name} does not exist now")
        if table is None:
            return DomainEntry(provider, (), None)
        entry = DomainEntry(
            provider,
            in_stored_order(tuple(one.build() for one in table.services or ())),
            build_policy(table.users, directories),
            table.redirect(),
            data.get("alias_of"),
        )
        check_domain(entry.for_domain(DomainPattern(name).text), self._report)
        return entry

    def _warnings(self) -> Iterator[str]:
        """Yield the warnings about old objects, without that about a secret that is not known."""
        return (one for one in self._report.warnings if "has no uri" not in one)

    def _lost_secrets(self) -> Iterator[str]:
        """Yield a warning for each directory whose old secret is not known."""
        for label, data in objects_of(self._row.before, "directory").items():
            if (key := lost_secret(data)) is not None:
                effect = "it keeps its present value"
                if label not in self._stored_directories:
                    effect = "set it again"
                yield (
                    f"directory {label}: {key}: the audit log has no secrets, so this one is not "
                    f"restored; {effect}"
                )


def _plan_of(change: Change) -> tuple[Plan, int]:
    """Read a change, and return its plan and the number of domains that change."""
    planner, count = Planner(_PLAN_ITEMS), 0

    def on_unused_row(row: object) -> None:
        planner.add_unused_row(str(row), keep=False)

    for old, new in change.pairs(on_unused_row):
        planner.add(old, new)
        count += 1
    used = change.used_providers(), change.target.providers()
    return planner.plan(*change.without_domains(), *used), count
