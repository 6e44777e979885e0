"""Compare two catalogs, and describe the differences for operators."""

from collections import Counter
from collections.abc import Iterator, Mapping
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

Pair = tuple[Domain | None, Domain | None]
"""A domain in the current and in the wanted catalog; None if the catalog lacks it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that turn one catalog into another. Every item is one line.

    Attributes:
        more: the numbers of items that are not listed: to add, to change and to remove.
        left: rows that no domain uses, and that stay in the database.
        more_left: the number of such rows that are not listed.
        kept: domains that are stored in another form, and stay unchanged.
        more_kept: the number of such domains that are not listed.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    more: tuple[int, int, int] = (0, 0, 0)
    left: tuple[str, ...] = ()
    more_left: int = 0
    kept: tuple[str, ...] = ()
    more_kept: int = 0

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


def compare(now: Catalog, wanted: Catalog) -> Plan:
    """Return the changes that turn `now` into `wanted`.

    The order of domains and of directories has no meaning. The order of services has one, but not
    between services with a host and services with a URL, because a database stores them in two
    tables. If `wanted` lacks the secret of a directory, the old secret is kept. A plan never
    contains a secret.
    """
    before = {domain.pattern: domain for domain in now.domains}
    after = {domain.pattern: domain for domain in wanted.domains}
    pairs: list[Pair] = [(before.get(pattern), domain) for pattern, domain in after.items()]
    pairs += [(domain, None) for pattern, domain in before.items() if pattern not in after]
    planner = Planner()
    for pair in pairs:
        planner.add(*pair)
    return planner.plan(now, wanted)


class Planner:
    """A builder of a plan from one domain after the other, which it does not store."""

    def __init__(self, limit: int | None = None) -> None:
        """Create a planner without changes.

        Args:
            limit: the largest number of listed items of each kind; further items are only counted.
        """
        self._changes = _Changes(_Items(limit), _Items(limit), _Items(limit))
        self._left = _Items(limit)
        self._kept = _Items(limit)

    def add(self, old: Domain | None, new: Domain | None) -> None:
        """Add the changes between the current and the wanted form of a domain."""
        changes = self._changes
        if old is None and new is not None:
            if changes.added.has_room(1 + len(new.services)):
                changes.added.add(_named(new))
                changes.added.add(*(f"{new.pattern}: {describe(one)}" for one in new.services))
        elif new is None and old is not None:
            if changes.removed.has_room(1):
                changes.removed.add(_named(old))
        elif old is not None and new is not None:
            for text in _domain_changes(old, new):
                changes.changed.add(f"{new.pattern}: {text}")
            _services(changes, old, new)

    def add_stray(self, row: str, *, stays: bool) -> None:
        """Add a row of a database that no domain uses; it is removed unless it stays."""
        (self._left if stays else self._changes.removed).add(row)

    def add_kept(self, name: str) -> None:
        """Add a domain that is stored in another form, and stays unchanged."""
        self._kept.add(f"domain {name}: exists in another form, left unchanged")

    def plan(self, now: Catalog, wanted: Catalog) -> Plan:
        """Return the plan for the added domains and for the other parts of two catalogs."""
        changes = self._changes
        _directories(changes, now, wanted)
        _idle(changes, now, wanted)
        kinds = (changes.added, changes.changed, changes.removed)
        added, changed, removed = (tuple(items.listed) for items in kinds)
        more = (changes.added.more, changes.changed.more, changes.removed.more)
        left, kept = self._left, self._kept
        return Plan(
            *(added, changed, removed, more),
            *(tuple(left.listed), left.more, tuple(kept.listed), kept.more),
        )


class _Items:
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
    added: _Items
    changed: _Items
    removed: _Items


def _named(domain: Domain) -> str:
    elsewhere = "" if domain.redirect is None else f", {place(domain.redirect)}"
    if domain.alias_of is not None:
        elsewhere += f", alias of {domain.alias_of}"
    return f"domain {domain.pattern} ({domain.provider.name}){elsewhere}"


def _domain_changes(old: Domain, new: Domain) -> Iterator[str]:
    yield from _provider_changes(old.provider, new.provider)
    before, after = _asked(old.users), _asked(new.users)
    if before != after:
        yield f"{before} becomes {after}"
    if old.alias_of != new.alias_of:
        yield f"alias of {old.alias_of or 'none'} becomes {new.alias_of or 'none'}"
    if old.redirect != new.redirect:
        yield f"{place(old.redirect)} becomes {place(new.redirect)}"


def place(redirect: Redirect | None) -> str:
    """Return in a few words where the mail of a domain is."""
    if redirect is None:
        return "served"
    if redirect.address_domain is not None:
        return f"moved to addresses at {redirect.address_domain}"
    return "declined" if redirect.url is None else f"moved to {redirect.url}"


def _asked(users: DirectoryPolicy | None) -> str:
    if users is None:
        return "no directory"
    parts = [f"directory {users.directory.label}"]
    if users.unknown_user is UnknownUser.DECLINE:
        parts.append("declining unknown users")
    if users.show_display_name:
        parts.append("showing names")
    return ", ".join(parts)


def _provider_changes(old: Provider, new: Provider) -> Iterator[str]:
    for one in fields(Provider):
        before, after = getattr(old, one.name), getattr(new, one.name)
        if before != after:
            yield _change(one.name, before, after)


def _change(key: str, before: object, after: object) -> str:
    """Return what changes in a key of a provider; a long value is not shown."""
    title = ProviderTable.model_fields[key].title or key
    if key == "webmail":
        before, after = (one.url if isinstance(one, Webmail) else None for one in (before, after))
        if before == after:
            return f"login form of {title}"
    if not isinstance(before, str | None) or not isinstance(after, str | None):
        return title
    if key in _NAMES:
        return f'{title} "{before}" becomes "{after}"'
    verb = "become" if title.endswith("s") else "becomes"
    return f"{title} {before or 'none'} {verb} {after or 'none'}"


def _services(changes: _Changes, old: Domain, new: Domain) -> None:
    before, after = Counter(old.services), Counter(new.services)
    added, removed = list((after - before).elements()), list((before - after).elements())
    changes.added.add(*(f"{new.pattern}: {describe(service)}" for service in added))
    changes.removed.add(*(f"{new.pattern}: {describe(service)}" for service in removed))
    if not added and not removed and _in_tables(old) != _in_tables(new):
        changes.changed.add(f"{new.pattern}: order of services")


def _in_tables(domain: Domain) -> tuple[list[Service], list[Service]]:
    hosts = [one for one in domain.services if isinstance(one.endpoint, HostEndpoint)]
    return hosts, [one for one in domain.services if isinstance(one.endpoint, UrlEndpoint)]


def _directories(changes: _Changes, now: Catalog, wanted: Catalog) -> None:
    before = _by_label(now)
    after = _by_label(wanted)
    for label, directory in after.items():
        old = before.get(label)
        if old is None:
            changes.added.add(_directory_named(directory))
        elif with_secret_of(directory, old) != old:
            changes.changed.add(_directory_named(directory))
    for label, directory in before.items():
        if label not in after:
            changes.removed.add(_directory_named(directory))


def with_secret_of(directory: Directory, old: Directory) -> Directory:
    """Return a directory; if it has no secret, it gets the secret of its older version."""
    if isinstance(directory, LdapServer) and isinstance(old, LdapServer):
        return replace(directory, bind_password=directory.bind_password or old.bind_password)
    if isinstance(directory, LdapDirectory) and isinstance(old, LdapDirectory):
        secret = directory.bind_password or Secret(old.bind_password.value)
        return replace(directory, bind_password=secret)
    if isinstance(directory, SqlDirectory) and isinstance(old, SqlDirectory):
        return replace(directory, uri=directory.uri or Secret(old.uri.value))
    return directory


def _directory_named(directory: Directory) -> str:
    if isinstance(directory, LdapServer):
        return f"directory {directory.label} ({directory.name})"
    return f"directory {directory.label} ({directory.kind})"


def _by_label(catalog: Catalog) -> Mapping[str, Directory]:
    return {directory.label: directory for directory in catalog.directories}


def _idle(changes: _Changes, now: Catalog, wanted: Catalog) -> None:
    before, after = _idle_of(now), _idle_of(wanted)
    changes.added.add(*(_idle_named(provider) for provider in after if provider not in before))
    changes.removed.add(*(_idle_named(provider) for provider in before if provider not in after))


def _idle_of(catalog: Catalog) -> Mapping[Provider, None]:
    """Return each provider without domains once, in order."""
    used = {domain.provider for domain in catalog.domains}
    return dict.fromkeys(one for one in catalog.unused_providers if one not in used)


def _idle_named(provider: Provider) -> str:
    return f"provider {provider.name} without domains"
