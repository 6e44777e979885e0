"""From the JSON data of a domain to its rows, by the rules of the providers file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from waypost.admin.objects import (
    ObjectMistakes,
    build_policy,
    check_domain,
    in_stored_order,
    read_domain,
    read_name,
)
from waypost.admin.principal import Principal
from waypost.admin.readers import DatabaseReader, similar_name
from waypost.admin.results import Data
from waypost.core.address import DomainName
from waypost.core.errors import InvalidObject
from waypost.core.model import (
    Directory,
    DirectoryPolicy,
    DomainPattern,
    MatchKind,
    Provider,
    Service,
)
from waypost.database.engine import Connection
from waypost.providers_file.models.objects import DomainObject
from waypost.store.interning import DomainEntry
from waypost.store.sql import listing
from waypost.store.sql.listing import DomainFilter
from waypost.store.sql.sync.domain_set import DomainSet, DomainTarget, best_match
from waypost.store.sql.sync.one_provider import StoredProvider, provider_rows
from waypost.store.sql.sync.reader import SharedRows, StoredDomain
from waypost.store.sql.sync.service_rows import ModelDomains

# Microsoft's pages on RedirectAddr: clients follow ten redirects.
_REDIRECTS_MAX: Final = 10
_SIMILAR_MAX: Final = 20
"""For how many unknown names a similar one is searched: a bulk change may have very many."""
_Followed = tuple[
    DomainPattern | None, DomainEntry | None, StoredDomain | None, DomainPattern | None
]


class DomainRules:
    """The rules for domains in one transaction; what several domains need is read once."""

    def __init__(self, connection: Connection, principal: Principal) -> None:
        """Create the rules for the changes of a principal."""
        self._connection = connection
        self._principal = principal
        self._directories: tuple[Directory, ...] | None = None
        self._providers: dict[str, list[StoredProvider]] = {}
        self._models: dict[str, ModelDomains] = {}
        self._followed: dict[str, _Followed] = {}
        self._similars: dict[str, str] = {}

    def target(
        self, pattern: DomainPattern, data: Mapping[str, object], stored: DomainSet
    ) -> tuple[DomainTarget, tuple[str, ...]]:
        """Return what a domain is after a change, and the warnings.

        Args:
            pattern: the domain.
            data: the object.
            stored: the rows before the change.

        Raises:
            InvalidObject: all mistakes of the object.
        """
        report = ObjectMistakes()
        self._check_name(pattern, data, report)
        needs_directory = "users" in data
        directories = self.directories() if needs_directory else ()
        table = read_domain(data, directories, report)
        report.check()
        if table is None:
            raise InvalidObject([("", "cannot be used")])
        if table.alias_of is not None:
            return self._alias(pattern, table, table.alias_of), ()
        row = stored.row(pattern)
        found = self._provider(table.provider or "", row)
        services, policy = self._services(table, row, directories)
        redirect = table.redirect()
        entry = DomainEntry(found.provider, in_stored_order(services), policy, redirect)
        domain = entry.for_domain(pattern.text)
        check_domain(domain, report)
        self._check_loop(domain.pattern, entry, report)
        report.check()
        return DomainTarget(found.id, entry), tuple(report.warnings)

    def copy(self, other: DomainPattern) -> DomainTarget:
        """Return the provider, the services and the directory of another domain.

        Raises:
            InvalidObject: the other domain cannot be copied.
        """
        stored = DomainSet(self._connection, [other])
        row, entry = stored.row(other), stored.entry(other)
        is_visible = entry is not None and self._principal.sees_domain(
            other, provider_name(entry, other)
        )
        if row is None or entry is None or not is_visible:
            raise InvalidObject([("like", f"the database has no domain {other}")])
        if entry.alias_of is not None:
            raise InvalidObject([("like", f"{other} is an alias; use {entry.alias_of} instead")])
        if entry.redirect is not None or entry.provider is None:
            state = "has no provider" if entry.redirect is None else "is not served itself"
            raise InvalidObject([("like", f"{other} {state}; use another domain")])
        return DomainTarget(row.provider_id, entry)

    def directories(self) -> tuple[Directory, ...]:
        """Return the directories that the principal may use."""
        if self._directories is None:
            known = SharedRows(self._connection, []).directories
            if self._principal.is_tenant:
                labels = listing.labels_in_use(self._connection, tenant_filter(self._principal))
                known = tuple(one for one in known if one.label in labels)
            self._directories = known
        return self._directories

    def providers(self, name: str) -> list[StoredProvider]:
        """Return the providers with a name that the principal may use."""
        if name not in self._providers:
            ids = set(listing.provider_ids(self._connection, name))
            if self._principal.is_tenant and name != self._principal.provider and ids:
                wanted = tenant_filter(self._principal)
                ids &= listing.used_provider_ids(self._connection, wanted)
            self._providers[name] = list(provider_rows(self._connection, ids)) if ids else []
        return self._providers[name]

    def _provider(self, name: str, row: StoredDomain | None) -> StoredProvider:
        found = self.providers(name)
        if self._principal.provider not in {None, name}:
            found = []
        if not found:
            rule = f"the database has no provider {name!r}{self._similar(name)}"
            raise InvalidObject([("provider", rule)])
        current = [one for one in found if row is not None and one.id == row.provider_id]
        return (current or found)[0]

    def _similar(self, name: str) -> str:
        """Return a question about the most similar provider that the principal sees, or ""."""
        if name not in self._similars:
            if len(self._similars) == _SIMILAR_MAX:
                return ""
            providers = DatabaseReader(self._connection).providers(self._principal)
            self._similars[name] = similar_name(name, [one.name for one in providers])
        return self._similars[name]

    def _services(
        self,
        table: DomainObject,
        row: StoredDomain | None,
        directories: tuple[Directory, ...],
    ) -> tuple[tuple[Service, ...], DirectoryPolicy | None]:
        """Return the services and the directory, those of the provider's domains if absent."""
        policy = build_policy(table.users, directories)
        if table.services is not None:
            return tuple(service.build() for service in table.services), policy
        name = table.provider or ""
        models = self._models.get(name)
        if models is None:
            ids = [one.id for one in self.providers(name)]
            # A tenant learns neither names nor services of the other domains of a provider.
            wanted = tenant_filter(self._principal) if self._principal.is_tenant else None
            models = self._models[name] = ModelDomains(self._connection, ids, wanted)
        own_id = None if row is None else row.id
        model = models.common_entry(own_id)
        if isinstance(model, DomainEntry):
            return model.services, policy if table.users is not None else model.users
        if model is not None:
            first, second = model
            rule = f"{first} and {second} have different services or directories"
            raise InvalidObject([("services", f"{name!r}: {rule}")])
        if table.redirect() is not None:
            return (), policy
        rule = f"{name!r} has no other domain whose services can be used"
        raise InvalidObject([("services", rule)])

    def _check_name(
        self, pattern: DomainPattern, data: Mapping[str, object], report: ObjectMistakes
    ) -> None:
        name = data.get("name")
        if isinstance(name, str):
            try:
                is_same = read_name(name) == pattern
            except InvalidObject as error:
                for mistake in error.mistakes:
                    report.problem(*mistake)
                return
            if not is_same:
                report.problem("name", f"must be {pattern}; use rename for another name")

    def _alias(self, pattern: DomainPattern, table: DomainObject, name: str) -> DomainTarget:
        """Return an alias: the entry of the other domain; an alias of an alias follows the last."""
        followed = self._followed_by(name)
        best, entry, row, end = followed
        provider = "" if entry is None else provider_name(entry, best)
        is_visible = best is not None and self._principal.sees_domain(best, provider)
        if entry is None or row is None or not is_visible or best is None:
            raise InvalidObject([("alias_of", f"{name} is not a domain of this database")])
        target = entry.alias_of or name
        if pattern in {best, end} or target == pattern.text:
            chain = f"{pattern} to {name}" + (f" to {target}" if target != name else "")
            raise InvalidObject([("alias_of", f"alias_of forms a loop: {chain}")])
        if table.provider is not None and table.provider != provider:
            raise InvalidObject([("provider", f"must be {provider!r}, the provider of {name}")])
        return DomainTarget(row.provider_id, replace(entry, alias_of=target))

    def end_of(self, name: DomainName | None) -> set[str]:
        """Return the domain or the pattern that an alias of a name follows at the end, if any."""
        end = None if name is None else self._followed_by(name.ascii)[-1]
        return set() if end is None else {end.text}

    def _followed_by(self, name: str) -> _Followed:
        if (followed := self._followed.get(name)) is None:
            followed = self._followed[name] = self._follow(name)
        return followed

    def _follow(self, name: str) -> _Followed:
        """Return the domain or the pattern that an alias of a name follows, with its row.

        The last value is the domain at the end, if the followed one is an alias itself.
        """
        best = best_match(self._connection, DomainName(name))
        if best is None:
            return None, None, None, None
        stored = DomainSet(self._connection, [best])
        entry, row, end = stored.entry(best), stored.row(best), best
        if entry is not None and (target := entry.alias_of) is not None:
            end = best_match(self._connection, DomainName(target)) or best
            # In a bulk change, the alias between may not have followed the end yet.
            at_end = DomainSet(self._connection, [end])
            last = at_end.entry(end)
            if last is not None:
                entry, row = replace(last, alias_of=last.alias_of or target), at_end.row(end)
        return best, entry, row, end

    def forget_followed(self) -> None:
        """Read the domains that aliases follow again; to be called after each write."""
        self._followed.clear()

    def _check_loop(
        self, pattern: DomainPattern, entry: DomainEntry, report: ObjectMistakes
    ) -> None:
        """Report a domain whose redirects end at itself."""
        redirect = entry.redirect
        if redirect is None or redirect.address_domain is None or pattern.kind is MatchKind.ANY:
            return
        chain, address = [pattern.text], redirect.address_domain
        while len(chain) <= _REDIRECTS_MAX:
            best = best_match(self._connection, DomainName(address), (pattern,))
            if best is None or best.text == chain[-1]:
                return
            chain.append(best.text)
            if best == pattern:
                if report.found:
                    return
                text = " to ".join(chain)
                report.problem("redirect_address", f"redirect_address forms a loop: {text}")
                return
            found = DomainSet(self._connection, [best]).entry(best)
            if found is None or found.redirect is None or found.redirect.address_domain is None:
                return
            if not self._principal.sees_domain(best, provider_name(found, best)):
                return  # The loop would show that the domain exists; clients stop after ten.
            address = found.redirect.address_domain


def provider_name(entry: DomainEntry, pattern: DomainPattern | None) -> str:
    """Return the name of the provider of an entry, which may be missing."""
    provider: Provider = entry.for_domain("*" if pattern is None else pattern.text).provider
    return provider.name


def tenant_filter(principal: Principal) -> DomainFilter:
    """Return the filter for the domains that a principal sees."""
    return DomainFilter(provider=principal.provider, domains=principal.domains)


def patched(current: Data, served: Data, patch: Mapping[str, object]) -> Mapping[str, object]:
    """Return the object that a merge patch is applied to.

    Args:
        current: the object.
        served: what the domain serves, also if it is an alias.
        patch: the patch.
    """
    if "alias_of" not in patch:
        return current
    if patch["alias_of"] is None:
        return current | served
    return {key: value for key, value in current.items() if key == "name"}
