"""Compare two catalogs, and describe the differences for operators."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from waypost.core.model import (
    Catalog,
    Directory,
    DirectoryPolicy,
    Domain,
    HostEndpoint,
    LdapDirectory,
    LdapServer,
    Provider,
    Redirect,
    Secret,
    Service,
    SqlDirectory,
    UnknownUser,
    UrlEndpoint,
    Webmail,
)
from waypost.providers_file.describe import describe
from waypost.providers_file.models.provider import ProviderTable

_NAMES: Final = frozenset({"name", "short_name"})

DomainPair = tuple[Domain | None, Domain | None]
"""A domain in the current and in the target catalog; None if the catalog lacks it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that turn one catalog into another. Every item is one line.

    Attributes:
        more: the numbers of items that are not listed: to add, to change and to remove.
        unused_rows: rows that no domain uses, and that stay in the database.
        more_unused_rows: the number of such rows that are not listed.
        skipped_domains: domains that are stored in another form, and stay unchanged.
        more_skipped_domains: the number of such domains that are not listed.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    more: tuple[int, int, int] = (0, 0, 0)
    unused_rows: tuple[str, ...] = ()
    more_unused_rows: int = 0
    skipped_domains: tuple[str, ...] = ()
    more_skipped_domains: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return the total numbers of items: to add, to change and to remove."""
        more = self.more
        return (
            len(self.added) + more[0],
            len(self.changed) + more[1],
            len(self.removed) + more[2],
        )

    @property
    def is_empty(self) -> bool:
        """Return whether there are no changes."""
        return not any(self.counts)


def compare(current: Catalog, target: Catalog) -> Plan:
    """Return the changes that turn `current` into `target`.

    The order of domains and of directories has no meaning. The order of services has one, but not
    between services with a host and services with a URL, because a database stores them in two
    tables. If `target` lacks the secret of a directory, the old secret is kept. A plan never
    contains a secret.
    """
    before = {domain.pattern: domain for domain in current.domains}
    after = {domain.pattern: domain for domain in target.domains}
    pairs: list[DomainPair] = [(before.get(pattern), domain) for pattern, domain in after.items()]
    pairs += [(domain, None) for pattern, domain in before.items() if pattern not in after]
    planner = Planner()
    for pair in pairs:
        planner.add(*pair)
    return planner.plan(current, target)


class Planner:
    """A builder of a plan from one domain after the other, which it does not store."""

    def __init__(self, limit: int | None = None) -> None:
        """Create a planner without changes.

        Args:
            limit: the largest number of listed items of each kind; further items are only counted.
        """
        self._changes = _Changes(_LimitedList(limit), _LimitedList(limit), _LimitedList(limit))
        self._unused_rows = _LimitedList(limit)
        self._skipped_domains = _LimitedList(limit)

    def add(self, old: Domain | None, new: Domain | None) -> None:
        """Add the changes between the current and the target form of a domain."""
        changes = self._changes
        if old is None and new is not None:
            if changes.added.has_room(1 + len(new.services)):
                changes.added.add(_domain_line(new))
                changes.added.add(
                    *(f"{new.pattern}: {describe(service)}" for service in new.services)
                )
        elif new is None and old is not None:
            if changes.removed.has_room(1):
                changes.removed.add(_domain_line(old))
        elif old is not None and new is not None:
            for text in _domain_changes(old, new):
                changes.changed.add(f"{new.pattern}: {text}")
            _compare_services(changes, old, new)

    def add_new(self, domains: Iterable[Domain], count: int, services: int) -> None:
        """Add new domains that have equally many services.

        Args:
            domains: only those that are listed are read.
            count: the number of domains.
            services: the number of services of each.
        """
        added = self._changes.added
        for domain in domains:
            if not added.has_room(0):
                break
            self.add(None, domain)
            count -= 1
        added.more += count * (1 + services)

    def add_unused_row(self, row: str, *, keep: bool) -> None:
        """Add a row of a database that no domain uses; it is removed unless it stays."""
        (self._unused_rows if keep else self._changes.removed).add(row)

    def add_skipped_domain(self, name: str) -> None:
        """Add a domain that is stored in another form, and stays unchanged."""
        self._skipped_domains.add(f"domain {name}: exists in another form, left unchanged")

    def plan(
        self,
        current: Catalog,
        target: Catalog,
        used_before: Iterable[Provider] = (),
        used_after: Iterable[Provider] = (),
    ) -> Plan:
        """Return the plan for the added domains and for the other parts of two catalogs.

        Args:
            current: the catalog before the change.
            target: the catalog after it.
            used_before: providers with domains, in addition to those of `current`.
            used_after: those in addition to `target`.
        """
        changes = self._changes
        _compare_directories(changes, current, target)
        used = [
            dict.fromkeys([*(domain.provider for domain in catalog.domains), *others])
            for catalog, others in ((current, used_before), (target, used_after))
        ]
        reused = _reused_providers(current.unused_providers, *used)
        for old, new in reused.items():
            changes.changed.add(
                *(f"provider {new.name}: {text}" for text in _provider_changes(old, new))
            )
        others = tuple(one for one in current.unused_providers if one not in reused)
        _compare_unused_providers(changes, replace(current, unused_providers=others), target)
        return Plan(
            added=tuple(changes.added.listed),
            changed=tuple(changes.changed.listed),
            removed=tuple(changes.removed.listed),
            more=(changes.added.more, changes.changed.more, changes.removed.more),
            unused_rows=tuple(self._unused_rows.listed),
            more_unused_rows=self._unused_rows.more,
            skipped_domains=tuple(self._skipped_domains.listed),
            more_skipped_domains=self._skipped_domains.more,
        )


class _LimitedList:
    """Items up to a limit, and the number of further items."""

    def __init__(self, limit: int | None) -> None:
        self.listed: list[str] = []
        self.more = 0
        self._limit = limit

    def has_room(self, number: int) -> bool:
        """Return whether there is room for another item; if not, count `number` items."""
        if self._limit is None or len(self.listed) < self._limit:
            return True
        self.more += number
        return False

    def add(self, *items: str) -> None:
        """Add items."""
        for item in items:
            if self.has_room(1):
                self.listed.append(item)


@dataclass(slots=True)
class _Changes:
    added: _LimitedList
    changed: _LimitedList
    removed: _LimitedList


def _domain_line(domain: Domain) -> str:
    details = "" if domain.redirect is None else f", {describe_redirect(domain.redirect)}"
    if domain.alias_of is not None:
        details += f", alias of {domain.alias_of}"
    return f"domain {domain.pattern} ({domain.provider.name}){details}"


def _domain_changes(old: Domain, new: Domain) -> Iterator[str]:
    yield from _provider_changes(old.provider, new.provider)
    before, after = _describe_policy(old.users), _describe_policy(new.users)
    if before != after:
        yield f"{before} becomes {after}"
    if old.alias_of != new.alias_of:
        yield f"alias of {old.alias_of or 'none'} becomes {new.alias_of or 'none'}"
    if old.redirect != new.redirect:
        yield f"{describe_redirect(old.redirect)} becomes {describe_redirect(new.redirect)}"


def describe_redirect(redirect: Redirect | None) -> str:
    """Return in a few words where the mail of a domain is."""
    if redirect is None:
        return "served"
    if redirect.address_domain is not None:
        return f"moved to addresses at {redirect.address_domain}"
    return "declined" if redirect.url is None else f"moved to {redirect.url}"


def _describe_policy(users: DirectoryPolicy | None) -> str:
    if users is None:
        return "no directory"
    parts = [f"directory {users.directory.label}"]
    if users.unknown_user is UnknownUser.DECLINE:
        parts.append("declining unknown users")
    if users.show_display_name:
        parts.append("showing names")
    return ", ".join(parts)


def _provider_changes(old: Provider, new: Provider) -> Iterator[str]:
    for field in fields(Provider):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after:
            yield _change(field.name, before, after)


def _change(key: str, before: object, after: object) -> str:
    """Return what changes in a key of a provider; a long value is not shown."""
    title = ProviderTable.model_fields[key].title or key
    if key == "webmail":
        before, after = (
            webmail.url if isinstance(webmail, Webmail) else None for webmail in (before, after)
        )
        if before == after:
            return f"login form of {title}"
    if not isinstance(before, str | None) or not isinstance(after, str | None):
        return title
    if key in _NAMES:
        return f'{title} "{before}" becomes "{after}"'
    verb = "become" if title.endswith("s") else "becomes"
    return f"{title} {before or 'none'} {verb} {after or 'none'}"


def _compare_services(changes: _Changes, old: Domain, new: Domain) -> None:
    before, after = Counter(old.services), Counter(new.services)
    added, removed = list((after - before).elements()), list((before - after).elements())
    changes.added.add(*(f"{new.pattern}: {describe(service)}" for service in added))
    changes.removed.add(*(f"{new.pattern}: {describe(service)}" for service in removed))
    if not added and not removed and _by_endpoint(old) != _by_endpoint(new):
        changes.changed.add(f"{new.pattern}: order of services")


def _by_endpoint(domain: Domain) -> tuple[list[Service], list[Service]]:
    hosts = [service for service in domain.services if isinstance(service.endpoint, HostEndpoint)]
    return hosts, [
        service for service in domain.services if isinstance(service.endpoint, UrlEndpoint)
    ]


def _compare_directories(changes: _Changes, current: Catalog, target: Catalog) -> None:
    before = _by_label(current)
    after = _by_label(target)
    for label, directory in after.items():
        old = before.get(label)
        if old is None:
            changes.added.add(_directory_line(directory))
        elif with_stored_secret(directory, old) != old:
            changes.changed.add(_directory_line(directory))
    for label, directory in before.items():
        if label not in after:
            changes.removed.add(_directory_line(directory))


def with_stored_secret(directory: Directory, old: Directory) -> Directory:
    """Return a directory; if it has no secret, it gets the secret of its older version."""
    if isinstance(directory, LdapServer) and isinstance(old, LdapServer):
        return replace(directory, bind_password=directory.bind_password or old.bind_password)
    if isinstance(directory, LdapDirectory) and isinstance(old, LdapDirectory):
        secret = directory.bind_password or Secret(old.bind_password.value)
        return replace(directory, bind_password=secret)
    if isinstance(directory, SqlDirectory) and isinstance(old, SqlDirectory):
        return replace(directory, uri=directory.uri or Secret(old.uri.value))
    return directory


def _directory_line(directory: Directory) -> str:
    if isinstance(directory, LdapServer):
        return f"directory {directory.label} ({directory.name})"
    return f"directory {directory.label} ({directory.kind})"


def _by_label(catalog: Catalog) -> Mapping[str, Directory]:
    return {directory.label: directory for directory in catalog.directories}


def _compare_unused_providers(changes: _Changes, current: Catalog, target: Catalog) -> None:
    before, after = _unused_providers(current), _unused_providers(target)
    changes.added.add(
        *(_unused_provider_line(provider) for provider in after if provider not in before)
    )
    changes.removed.add(
        *(_unused_provider_line(provider) for provider in before if provider not in after)
    )


def _reused_providers(
    unused: Iterable[Provider], used_before: Iterable[Provider], used_after: Iterable[Provider]
) -> Mapping[Provider, Provider]:
    """Return each provider that had no domains and gets some, with its form after that.

    Args:
        unused: the current providers without domains.
        used_before: the providers that have domains.
        used_after: the providers that will have domains.
    """
    names = {provider.name for provider in used_before}
    after: dict[str, dict[Provider, None]] = {}
    for provider in used_after:
        after.setdefault(provider.name, {})[provider] = None
    reused: dict[Provider, Provider] = {}
    candidates = [one for one in unused if one.name in after and one.name not in names]
    for old in sorted(candidates, key=lambda one: one not in after[one.name]):
        if old.name not in names:  # Of several with one name, the same one is preferred.
            names.add(old.name)
            reused[old] = old if old in after[old.name] else next(iter(after[old.name]))
    return reused


def _unused_providers(catalog: Catalog) -> Mapping[Provider, None]:
    """Return each provider without domains once, in order."""
    used = {domain.provider for domain in catalog.domains}
    return dict.fromkeys(provider for provider in catalog.unused_providers if provider not in used)


def _unused_provider_line(provider: Provider) -> str:
    return f"provider {provider.name} without domains"
