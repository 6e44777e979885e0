"""Change the services of all domains of a provider, and restore those that each of them had."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from waypost.admin.changes import ChangeOptions, PlannedChange, counted, plan_of
from waypost.admin.objects import ObjectMistakes, check_domain, in_stored_order, read_services
from waypost.admin.provider_services.groups import GroupedServices, ServiceGroups
from waypost.admin.results import Data, StoredObject
from waypost.core.model import Domain, DomainPattern, Service
from waypost.database.engine import Connection
from waypost.providers_file.plan import Planner
from waypost.store.sql import listing
from waypost.store.sql.precedence import find_served
from waypost.store.sql.sync.domain_set import DomainSet, DomainTarget
from waypost.store.sql.sync.one_provider import StoredProvider, domain_names_of
from waypost.store.sql.sync.reader import SharedRows, domains_with_ids
from waypost.store.sql.sync.service_rows import ServiceRows

_AT_ONCE: Final = 500
_PLAN_ITEMS: Final = 100
Wanted = Callable[[DomainPattern], tuple[Service, ...]]
"""Returns the services that a domain gets, in stored order."""


class ProviderServices:
    """The services of all domains of one provider, in a transaction."""

    def __init__(
        self,
        connection: Connection,
        stored: StoredProvider,
        provider: StoredObject,
        options: ChangeOptions,
    ) -> None:
        """Create it; nothing is read yet.

        Args:
            connection: in the transaction.
            stored: the row of the provider.
            provider: the provider, which does not change.
            options: how the change is made.
        """
        self._connection = connection
        self._stored = stored
        self._provider = provider
        self._options = options

    def put(self, wanted: list[Mapping[str, object]]) -> PlannedChange:
        """Plan to give all domains the same services; aliases have those of their domains."""
        report = ObjectMistakes()
        services = in_stored_order(read_services(wanted, report))
        report.check()
        return self._plan("services", lambda _: services, report)

    def restore(self, before: Data, check_unchanged: Callable[[str], None]) -> PlannedChange:
        """Plan to give each domain the services that it had.

        Args:
            before: one side of an entry of the audit log, with groups.
            check_unchanged: called with the version of the present services of all domains.
        """
        report = ObjectMistakes()
        old = GroupedServices(before, report)
        return self._plan("undo", lambda one: old.of(one.text), report, check_unchanged)

    def _plan(
        self,
        action: str,
        wanted: Wanted,
        report: ObjectMistakes,
        check_unchanged: Callable[[str], None] = lambda _: None,
    ) -> PlannedChange:
        name = self._stored.provider.name
        planner, count = Planner(_PLAN_ITEMS), 0
        before, after = ServiceGroups(), ServiceGroups()
        for domains in self._domains():
            for old in domains:
                services = wanted(old.pattern)
                stored = in_stored_order(old.services)
                before.add(old.pattern.text, stored)
                after.add(old.pattern.text, services)
                if stored != services:
                    new = replace(old, services=services)
                    check_domain(new, report)
                    planner.add(old, new)
                    count += 1
        check_unchanged(before.version)
        report.check()
        message = f"this changes {counted(count, 'domain')} of provider {name!r}"
        self._options.check_confirmed(message, [], count)
        return PlannedChange(
            action=action,
            kind="provider",
            name=name,
            plan=plan_of(planner),
            old=self._provider,
            new=self._provider,
            write=lambda: self._write(wanted),
            warnings=tuple(report.warnings),
            is_same=not count,
            noted=(before.data(name), after.data(name)),
        )

    def _write(self, wanted: Wanted) -> None:
        rows = ServiceRows(self._connection)
        for patterns in self._patterns():
            stored = DomainSet(self._connection, patterns)
            targets: dict[DomainPattern, DomainTarget] = {}
            for pattern in patterns:
                entry, services = stored.entry(pattern), wanted(pattern)
                if entry is not None and in_stored_order(entry.services) != services:
                    changed = replace(entry, services=services)
                    targets[pattern] = DomainTarget(self._stored.id, changed)
            stored.write(targets, rows)
        rows.remove_unused()

    def _domains(self) -> Iterator[list[Domain]]:
        """Yield the domains of the provider as they are served, in parts."""
        for patterns in self._patterns():
            stored = DomainSet(self._connection, patterns)
            found = (stored.domain(pattern) for pattern in patterns)
            yield [domain for domain in found if domain is not None]

    def _patterns(self) -> Iterator[list[DomainPattern]]:
        return listing.domains_of_provider(self._connection, self._stored.id, _AT_ONCE)


def services_versions(connection: Connection, provider_ids: Iterable[int]) -> dict[int, str]:
    """Return the version of the services of some providers with few domains, all read at once.

    Args:
        connection: in a transaction.
        provider_ids: the ids of the providers, which have domains.
    """
    names = domain_names_of(connection, provider_ids)
    verdicts = find_served(connection, names)
    rows = domains_with_ids(connection, [row_id for row_id, _ in names])
    shared_rows = SharedRows(connection, rows)
    groups: dict[int, ServiceGroups] = {}
    for row in rows:
        if isinstance(verdict := verdicts[row.id], str):
            found = groups.setdefault(row.provider_id, ServiceGroups())
            found.add(verdict, in_stored_order(shared_rows.entry(row).services))
    return {provider_id: found.version for provider_id, found in groups.items()}
