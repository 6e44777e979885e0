"""List, read and change domains."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from waypost.admin.changes import ChangeOptions, PlannedChange, counted, plan_of, run_change
from waypost.admin.cursors import check_limit, read_cursor, write_cursor
from waypost.admin.domain_rules import DomainRules, patched
from waypost.admin.filtered_list import DomainPart, domains_in_ranges, filtered_domains
from waypost.admin.findings import check_finding, domains_with_finding
from waypost.admin.name_search import NameBeginning, host_as_stored
from waypost.admin.objects import domain_object, merge_patch, read_name, served_data
from waypost.admin.principal import Principal
from waypost.admin.readers import ObjectReader, check_provider, open_reader
from waypost.admin.results import ChangeResult, Data, Page, StoredObject
from waypost.admin.source import AdminSource
from waypost.core.errors import InvalidObject, ObjectInUse, ObjectNotFound
from waypost.core.model import Catalog, Domain, DomainPattern
from waypost.database.engine import Connection
from waypost.diagnostics.lint.domains import lint_catalog
from waypost.providers_file.plan import Planner
from waypost.store.sql.listing import DomainFilter
from waypost.store.sql.sync.domain_set import DomainSet, DomainTarget, aliases_of
from waypost.store.sql.sync.service_rows import ServiceRows

_EXPORTED_AT_ONCE: Final = 500
Planning = Callable[[Connection], PlannedChange]
Writing = Callable[[], None]


@dataclass(frozen=True, slots=True)
class DomainCases:
    """The use cases about domains."""

    source: AdminSource
    principal: Principal

    def page(
        self, wanted: DomainFilter, limit: int, cursor: str | None, finding: str | None = None
    ) -> Page:
        """Return the domains of a filter that the principal sees."""
        check_limit(limit)
        if finding is not None:
            check_finding(finding)
        after = read_cursor("domains", cursor)
        limited = self._limited(wanted)
        domains: list[Domain] = []
        key: str | None = None
        with open_reader(self.source) as reader:
            if limited is not None:
                domains, key = _part(reader, limited, after, limit, finding)
            if wanted.provider is not None and not (domains or key or cursor):
                check_provider(reader, self.principal, wanted.provider)
        return Page(tuple(map(domain_object, domains)), write_cursor("domains", key))

    def first(self, wanted: DomainFilter, limit: int) -> list[Domain]:
        """Return the first domains of a filter that the principal sees, by name.

        Unlike `page`, this does not check that the provider of the filter exists.
        """
        limited = self._limited(wanted)
        if limited is None:
            return []
        with open_reader(self.source) as reader:
            return reader.domains(limited, "", limit)[0]

    def export(self) -> Iterator[StoredObject]:
        """Yield all domains that the principal sees, by name."""
        wanted, after = self._limited(DomainFilter()), ""
        if wanted is None:
            return
        with open_reader(self.source) as reader:
            while True:
                domains, key = reader.domains(wanted, after, _EXPORTED_AT_ONCE)
                yield from map(domain_object, domains)
                if key is None:
                    return
                after = key

    def get(self, name: str) -> StoredObject:
        """Return a domain that the principal sees."""
        return domain_object(self.entry(name))

    def entry(self, name: str) -> Domain:
        """Return the entry of a domain that the principal sees.

        Raises:
            ObjectNotFound: there is none.
        """
        pattern = read_name(name)
        with open_reader(self.source) as reader:
            domain = reader.domain(pattern)
        if domain is None or not self.principal.sees_domain(pattern, domain.provider.name):
            raise ObjectNotFound(f"there is no domain {pattern}")
        return domain

    def put(self, name: str, data: Mapping[str, object], options: ChangeOptions) -> ChangeResult:
        """Create or replace a domain."""
        pattern = read_name(name)

        def plan(connection: Connection) -> PlannedChange:
            change = DomainChange(connection, self.principal, pattern, options)
            return change.put(data, "put")

        return self._run(options, pattern, plan)

    def copy(self, name: str, like: str, options: ChangeOptions) -> ChangeResult:
        """Create or replace a domain with the parts of another one."""
        pattern, other = read_name(name), read_name(like, "like")

        def plan(connection: Connection) -> PlannedChange:
            change = DomainChange(connection, self.principal, pattern, options)
            target = DomainRules(connection, self.principal).copy(other)
            return change.replace(target, "put", ())

        return self._run(options, pattern, plan)

    def patch(self, name: str, patch: Mapping[str, object], options: ChangeOptions) -> ChangeResult:
        """Change a domain by a merge patch."""
        pattern = read_name(name)

        def plan(connection: Connection) -> PlannedChange:
            change = DomainChange(connection, self.principal, pattern, options)
            current = change.existing()
            base = patched(domain_object(current).data, served_data(current), patch)
            return change.put(merge_patch(base, patch), "patch")

        return self._run(options, pattern, plan)

    def put_service(
        self, name: str, index: int, service: Mapping[str, object] | None, options: ChangeOptions
    ) -> ChangeResult:
        """Change, add or (with None) remove one service of a domain."""
        pattern = read_name(name)

        def plan(connection: Connection) -> PlannedChange:
            change = DomainChange(connection, self.principal, pattern, options)
            data = domain_object(change.existing()).data
            if "alias_of" in data:
                rule = f"{pattern} is an alias; change {data['alias_of']}"
                raise InvalidObject([("services", rule)])
            services = list(data["services"])
            last = len(services) - (service is None)
            if not 0 <= index <= last:
                rule = f"must be a whole number from 0 to {last}"
                raise InvalidObject([("index", rule if last >= 0 else "there are no services")])
            services[index : index + 1] = [] if service is None else [service]
            return change.put(data | {"services": services}, "service")

        return self._run(options, pattern, plan)

    def delete(self, name: str, options: ChangeOptions) -> ChangeResult:
        """Delete a domain."""
        pattern = read_name(name)

        def plan(connection: Connection) -> PlannedChange:
            return DomainChange(connection, self.principal, pattern, options).delete()

        return self._run(options, pattern, plan)

    def rename(self, name: str, new_name: str, options: ChangeOptions) -> ChangeResult:
        """Give a domain another name."""
        pattern, new = read_name(name), read_name(new_name, "new_name")

        def plan(connection: Connection) -> PlannedChange:
            return DomainChange(connection, self.principal, pattern, options).rename(new)

        self.principal.check_write()
        if not self.principal.covers(new):
            self.principal.check_domain(new, None)
        return self._run(options, pattern, plan)

    def _run(self, options: ChangeOptions, pattern: DomainPattern, plan: Planning) -> ChangeResult:
        self.principal.check_write()
        if not self.principal.covers(pattern):
            self.principal.check_domain(pattern, None)  # Without a look into the database.
        return run_change(self.source, self.principal, options, plan)

    def _limited(self, wanted: DomainFilter) -> DomainFilter | None:
        """Return a filter that lists only what the principal sees; None if this is nothing."""
        own = self.principal.provider
        if own is not None and wanted.provider not in {None, own}:
            return None
        return replace(
            wanted,
            provider=own or wanted.provider,
            host=None if wanted.host is None else host_as_stored(wanted.host),
            domains=self.principal.domains,
        )


def _part(
    reader: ObjectReader, wanted: DomainFilter, after: str, limit: int, finding: str | None
) -> DomainPart:
    """Return a part of a list, by the beginning of a name that a person has typed."""

    def read(beginning: NameBeginning, after: str, limit: int) -> DomainPart:
        in_range = replace(wanted, prefix=beginning.stored)

        def begins(domain: Domain) -> bool:
            return beginning.fits(domain.pattern.text)

        if finding is not None:
            return domains_with_finding(reader, in_range, finding, after, limit, begins)
        if beginning.label:
            return filtered_domains(reader, in_range, after, limit, begins)
        return reader.domains(in_range, after, limit)

    return domains_in_ranges(reader, wanted, after, limit, read)


class DomainChange:
    """The change of one domain, in a transaction."""

    def __init__(
        self,
        connection: Connection,
        principal: Principal,
        pattern: DomainPattern,
        options: ChangeOptions,
    ) -> None:
        """Read the domain, and check whether the principal may change it."""
        self._connection = connection
        self._principal = principal
        self._pattern = pattern
        self._options = options
        self._stored = DomainSet(connection, [pattern], lock=not options.dry_run)
        self._old = self._stored.domain(pattern)
        principal.check_domain(pattern, None if self._old is None else self._old.provider.name)
        self._old_object = None if self._old is None else domain_object(self._old)
        options.check_version(f"domain {pattern}", self._old_object)

    @property
    def old_data(self) -> Data | None:
        """The object before the change."""
        return None if self._old_object is None else self._old_object.data

    def existing(self) -> Domain:
        """Return the domain.

        Raises:
            ObjectNotFound: there is none.
        """
        if self._old is None:
            raise ObjectNotFound(f"there is no domain {self._pattern}")
        return self._old

    def put(self, data: Mapping[str, object], action: str) -> PlannedChange:
        """Plan to create or replace the domain."""
        rules = DomainRules(self._connection, self._principal)
        target, warnings = rules.target(self._pattern, data, self._stored)
        return self.replace(target, action, warnings)

    def replace(
        self, target: DomainTarget, action: str, warnings: tuple[str, ...]
    ) -> PlannedChange:
        """Plan to create or replace the domain with checked values."""
        new = target.entry.for_domain(self._pattern.text)
        linted = lint_catalog(Catalog((new,)), skip_minor=True).lines()
        planner = self._planner(new)
        aliases: dict[DomainPattern, DomainTarget] = {}
        followers = DomainSet(self._connection, ())
        if not plan_of(planner).is_empty:
            names = self._aliases()
            followers = DomainSet(self._connection, names, lock=not self._options.dry_run)
            aliases = follow(followers, names, target)
            self._confirm(names)
        for pattern, alias in aliases.items():
            if self._is_visible(pattern):
                planner.add(followers.domain(pattern), alias.entry.for_domain(pattern.text))

        def write() -> None:
            services = ServiceRows(self._connection)
            self._stored.write({self._pattern: target}, services)
            followers.write(aliases, services)
            services.remove_unused()

        return self._change(action, planner, new, write, (*warnings, *linted))

    def delete(self) -> PlannedChange:
        """Plan to delete the domain."""
        self.existing()
        if names := self._aliases():
            others = ", ".join(self._visible(names))
            message = f"{others or 'another domain'} is an alias of {self._pattern}"
            raise ObjectInUse(f"{message}; change or delete it first", self._visible(names))

        def write() -> None:
            services = ServiceRows(self._connection)
            self._stored.remove([self._pattern], services)
            services.remove_unused()

        return self._change("delete", self._planner(None), None, write, ())

    def rename(self, new: DomainPattern) -> PlannedChange:
        """Plan to give the domain another name."""
        old = self.existing()
        if new == self._pattern:
            raise InvalidObject([("new_name", "is the name of the domain already")])
        self._principal.check_domain(new, old.provider.name if self._principal.domains else None)
        if DomainSet(self._connection, [new]).row(new) is not None:
            raise InvalidObject([("new_name", f"{new} exists already")])
        if old.alias_of == new.text:
            raise InvalidObject([("new_name", f"{self._pattern} is an alias of {new}")])
        names = self._aliases()
        if names and "*" in self._pattern.text + new.text:
            others = ", ".join(self._visible(names)) or "another domain"
            raise ObjectInUse(f"{others} is an alias of a domain that {self._pattern} matches")
        self._confirm(names)
        moved = replace(old, pattern=new)
        planner = self._planner(None)
        planner.add(None, moved)
        followers = DomainSet(self._connection, names)
        targets: dict[DomainPattern, DomainTarget] = {}
        for pattern in names:
            row, entry = followers.row(pattern), followers.entry(pattern)
            if row is not None and entry is not None:
                changed = replace(entry, alias_of=new.text)
                targets[pattern] = DomainTarget(row.provider_id, changed)
                if self._is_visible(pattern):
                    planner.add(entry.for_domain(pattern.text), changed.for_domain(pattern.text))

        def write() -> None:
            services = ServiceRows(self._connection)
            self._stored.rename(self._pattern, new, services)
            followers.write(targets, services)
            services.remove_unused()

        return self._change("rename", planner, moved, write, ())

    def _planner(self, new: Domain | None) -> Planner:
        planner = Planner()
        planner.add(self._old, new)
        for row in self._stored.unused_rows(self._pattern):
            planner.add_unused_row(str(row), keep=False)
        return planner

    def _change(
        self,
        action: str,
        planner: Planner,
        new: Domain | None,
        write: Writing,
        warnings: tuple[str, ...],
    ) -> PlannedChange:
        domain = new or self._old
        return PlannedChange(
            action=action,
            kind="domain",
            name=self._pattern.text,
            plan=plan_of(planner),
            old=self._old_object,
            new=None if new is None else domain_object(new),
            write=write,
            provider=None if domain is None else domain.provider.name,
            warnings=warnings,
        )

    def _aliases(self) -> list[DomainPattern]:
        found = aliases_of(self._connection, [self._pattern])
        return sorted({alias for alias, _ in found if alias != self._pattern})

    def _confirm(self, names: list[DomainPattern]) -> None:
        visible = self._visible(names)
        aliases = counted(len(visible), "alias", "aliases")
        message = f"this also changes {aliases} of {self._pattern}"
        self._options.check_confirmed(message, visible, len(visible))

    def _visible(self, names: list[DomainPattern]) -> list[str]:
        return [name.text for name in names if self._is_visible(name)]

    def _is_visible(self, alias: DomainPattern) -> bool:
        """Return whether the principal may know an alias, which has the same provider."""
        return self._principal.covers(alias)


def follow(
    followers: DomainSet, names: list[DomainPattern], target: DomainTarget
) -> dict[DomainPattern, DomainTarget]:
    """Return what the aliases of a domain are after its change."""
    found = {}
    for name in names:
        entry = followers.entry(name)
        if entry is not None:
            alias_of = target.entry.alias_of or entry.alias_of
            changed = replace(target.entry, alias_of=alias_of)
            found[name] = DomainTarget(target.provider_id, changed)
    return found
