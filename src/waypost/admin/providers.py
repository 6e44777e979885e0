"""List, read and change providers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from waypost.admin.changes import ChangeOptions, PlannedChange, counted, plan_of, run_change
from waypost.admin.cursors import check_limit, read_cursor, write_cursor
from waypost.admin.objects import (
    ObjectMistakes,
    merge_patch,
    provider_data,
    read_provider,
    version_of,
)
from waypost.admin.principal import Principal
from waypost.admin.provider_services.change import ProviderServices
from waypost.admin.readers import ObjectReader, open_reader, unknown_provider
from waypost.admin.results import ChangeResult, Data, Page, StoredObject
from waypost.admin.source import AdminSource
from waypost.core.errors import InvalidObject, ObjectInUse
from waypost.core.model import Catalog, Domain, DomainPattern, Provider
from waypost.database.engine import Connection
from waypost.providers_file.plan import Plan, Planner, compare
from waypost.store.sql import listing
from waypost.store.sql.sync.one_provider import (
    StoredProvider,
    count_domains_of,
    lock_provider,
    provider_rows,
    remove_provider,
    write_provider,
)

Planning = Callable[[Connection], PlannedChange]


def provider_object(provider: Provider) -> StoredObject:
    """Return a provider with its version."""
    data = provider_data(provider)
    return StoredObject(data, version_of(data))


@dataclass(frozen=True, slots=True)
class ProviderCases:
    """The use cases about providers."""

    source: AdminSource
    principal: Principal

    def page(self, prefix: str, limit: int, cursor: str | None) -> Page:
        """Return the providers that the principal sees, by name."""
        check_limit(limit)
        after = read_cursor("providers", cursor)
        with open_reader(self.source) as reader:
            known = sorted(reader.providers(self.principal), key=lambda one: one.name)
            found = [one for one in known if one.name.startswith(prefix) and one.name > after]
            items = self._counted(reader, found[:limit])
        key = found[limit - 1].name if len(found) > limit else None
        return Page(items, write_cursor("providers", key))

    def names(self) -> list[str]:
        """Return the names of the providers that the principal sees, sorted."""
        with open_reader(self.source) as reader:
            return sorted(one.name for one in reader.providers(self.principal))

    def get(self, name: str) -> StoredObject:
        """Return a provider that the principal sees, with the number of its domains."""
        with open_reader(self.source) as reader:
            known = reader.providers(self.principal)
            for provider in known:
                if provider.name == name:
                    return self._counted(reader, [provider])[0]
        raise unknown_provider(name, [one.name for one in known])

    def put(self, name: str, data: Mapping[str, object], options: ChangeOptions) -> ChangeResult:
        """Create or replace a provider."""

        def plan(connection: Connection) -> PlannedChange:
            return ProviderChange(connection, name, options).put(data, "put")

        return self._run(name, options, plan)

    def patch(self, name: str, patch: Mapping[str, object], options: ChangeOptions) -> ChangeResult:
        """Change a provider by a merge patch."""

        def plan(connection: Connection) -> PlannedChange:
            change = ProviderChange(connection, name, options)
            data = provider_data(change.existing().provider)
            return change.put(merge_patch(data, patch), "patch")

        return self._run(name, options, plan)

    def delete(self, name: str, options: ChangeOptions) -> ChangeResult:
        """Delete a provider."""
        return self._run(
            name, options, lambda connection: ProviderChange(connection, name, options).delete()
        )

    def rename(self, name: str, new_name: str, options: ChangeOptions) -> ChangeResult:
        """Give a provider another name."""
        return self._run(
            name,
            options,
            lambda connection: ProviderChange(connection, name, options).rename(new_name),
        )

    def put_services(
        self, name: str, services: Iterable[Mapping[str, object]], options: ChangeOptions
    ) -> ChangeResult:
        """Set the services of all domains of a provider."""
        wanted = list(services)
        return self._run(
            name,
            options,
            lambda connection: ProviderChange(connection, name, options).services().put(wanted),
        )

    def _run(self, name: str, options: ChangeOptions, plan: Planning) -> ChangeResult:
        self.principal.check_everything(f"change provider {name!r}")
        return run_change(self.source, self.principal, options, plan)

    def _counted(
        self, reader: ObjectReader, providers: Sequence[Provider]
    ) -> tuple[StoredObject, ...]:
        objects = tuple(map(provider_object, providers))
        if self.principal.is_tenant:
            # The number of all domains is not the tenant's business.
            return objects
        counts = reader.domain_counts({one.name for one in providers})
        return tuple(
            replace(one, data=one.data | {"domains": counts[one.data["name"]]}) for one in objects
        )


class ProviderChange:
    """The change of one provider, in a transaction."""

    def __init__(self, connection: Connection, name: str, options: ChangeOptions) -> None:
        """Read the provider.

        Raises:
            InvalidObject: several providers have this name.
        """
        self._connection = connection
        self._name = name
        self._options = options
        ids = listing.provider_ids(connection, name)
        if len(ids) > 1:
            numbers = ", ".join(map(str, ids))
            rule = f"several rows of the table provider have this name: ids {numbers}"
            raise InvalidObject([("name", f"{rule}; rename them with SQL, or use `waypost apply`")])
        if ids and not options.dry_run:
            lock_provider(connection, ids[0])
        self._old: StoredProvider | None = next(iter(provider_rows(connection, ids)), None)
        self._old_object = None if self._old is None else provider_object(self._old.provider)
        options.check_version(f"provider {name!r}", self._old_object)

    @property
    def old_data(self) -> Data | None:
        """The object before the change."""
        return None if self._old_object is None else self._old_object.data

    def count_domains(self) -> int:
        """Return the number of domains of the provider."""
        return 0 if self._old is None else count_domains_of(self._connection, self._old.id)

    def existing(self) -> StoredProvider:
        """Return the provider.

        Raises:
            ObjectNotFound: there is none; with the most similar one.
        """
        if self._old is None:
            names = [one.provider.name for one in provider_rows(self._connection)]
            raise unknown_provider(self._name, names)
        return self._old

    def put(self, data: Mapping[str, object], action: str) -> PlannedChange:
        """Plan to create or replace the provider."""
        report = ObjectMistakes()
        if data.get("name", self._name) != self._name:
            report.problem("name", f"must be {self._name!r}; use rename for another name")
        # What `get` adds.
        keys = {key: value for key, value in data.items() if key not in {"name", "domains"}}
        provider = read_provider(self._name, keys, report)
        report.check()
        if provider is None:
            raise InvalidObject([("", "cannot be used")])
        return self._replace(provider, action, tuple(report.warnings))

    def rename(self, new_name: str) -> PlannedChange:
        """Plan to give the provider another name."""
        old, report = self.existing().provider, ObjectMistakes()
        if new_name == self._name:
            raise InvalidObject([("new_name", "is the name of the provider already")])
        if listing.provider_ids(self._connection, new_name):
            raise InvalidObject([("new_name", f"{new_name!r} exists already")])
        read_provider(new_name, {}, report)
        if report.found:
            raise InvalidObject(("new_name", rule) for _, rule in report.found)
        return self._replace(replace(old, name=new_name), "rename", ())

    def delete(self) -> PlannedChange:
        """Plan to delete the provider."""
        old = self.existing()
        if count := count_domains_of(self._connection, old.id):
            domains = counted(count, "domain")
            raise ObjectInUse(f"provider {self._name!r} has {domains}; delete these first")
        plan = compare(Catalog(unused_providers=(old.provider,)), Catalog())
        return PlannedChange(
            action="delete",
            kind="provider",
            name=self._name,
            plan=plan,
            old=self._old_object,
            new=None,
            write=lambda: remove_provider(self._connection, old.id),
        )

    def services(self) -> ProviderServices:
        """Return the services of all domains of the provider, which may be changed."""
        old = self.existing()
        return ProviderServices(self._connection, old, provider_object(old.provider), self._options)

    def _replace(self, provider: Provider, action: str, warnings: tuple[str, ...]) -> PlannedChange:
        new = provider_object(provider)
        old = self._old
        is_same = old is not None and old.provider == provider
        count = 0 if old is None or is_same else count_domains_of(self._connection, old.id)
        message = f"this changes {counted(count, 'domain')} of provider {self._name!r}"
        self._options.check_confirmed(message, [], count)
        return PlannedChange(
            action=action,
            kind="provider",
            name=self._name,
            plan=_plan(old, provider, count),
            old=self._old_object,
            new=new,
            write=lambda: self._write(provider),
            warnings=warnings,
            is_same=is_same,
        )

    def _write(self, provider: Provider) -> None:
        write_provider(self._connection, provider, None if self._old is None else self._old.id)


def _plan(old: StoredProvider | None, new: Provider, count: int) -> Plan:
    if old is None:
        return compare(Catalog(), Catalog(unused_providers=(new,)))
    planner = Planner()
    pattern = DomainPattern("*")
    planner.add(Domain(pattern, old.provider, ()), Domain(pattern, new, ()))
    changes = tuple(
        f"provider {old.provider.name} ({counted(count, 'domain')}){line.removeprefix('*')}"
        for line in plan_of(planner).changed
    )
    return Plan((), changes, ())
