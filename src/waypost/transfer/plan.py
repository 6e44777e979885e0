"""What lies between two catalogs, in words for people."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from waypost.model import (
    Away,
    Catalog,
    Directory,
    Domain,
    HostEndpoint,
    LdapDirectory,
    LdapServer,
    Provider,
    Secret,
    Service,
    SqlDirectory,
    UnknownUser,
    UrlEndpoint,
    Users,
)
from waypost.transfer.describing import describe

Pair = tuple[Domain | None, Domain | None]
"""A domain as it is and as it shall be; None where it is absent."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be done to get from one catalog to another. Every item is one line.

    Attributes:
        more: how many items there are besides those that are listed: to add, change and remove.
        left: rows that serve nobody and stay all the same.
        more_left: how many of these there are besides.
        kept: domains that are stored in another form, and stay as they are.
        more_kept: how many of these there are besides.
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
        """Return how many items there are in all: to add, to change and to remove."""
        more = self.more
        return (
            len(self.added) + more[0],
            len(self.changed) + more[1],
            len(self.removed) + more[2],
        )

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to do."""
        return not any(self.counts)


def compare(now: Catalog, wanted: Catalog) -> Plan:
    """Return what must be done to make `now` into `wanted`.

    The order of domains and of directories means nothing. That of services does, except
    between those with a host and those with a URL, which a database keeps in two tables. A
    secret of a directory that `wanted` leaves out is kept as it is, and none is ever named.
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
    """Makes a plan from domains that come one after the other, of which it keeps none."""

    def __init__(self, limit: int | None = None) -> None:
        """Begin with nothing to do.

        Args:
            limit: how many items of each kind are listed; more are only counted.
        """
        self._changes = _Changes(_Items(limit), _Items(limit), _Items(limit))
        self._left = _Items(limit)
        self._kept = _Items(limit)

    def add(self, old: Domain | None, new: Domain | None) -> None:
        """Take a domain as it is and as it shall be."""
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
        """Take a row of a database that serves nobody, and goes away unless it stays."""
        (self._left if stays else self._changes.removed).add(row)

    def add_kept(self, name: str) -> None:
        """Take a domain that is stored in another form, and stays as it is."""
        self._kept.add(f"domain {name}: exists in another form, left as it is")

    def plan(self, now: Catalog, wanted: Catalog) -> Plan:
        """Return the plan for the domains that came, and for all else that two catalogs say."""
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
    """Items up to a limit, and how many more there are."""

    def __init__(self, limit: int | None) -> None:
        self.listed: list[str] = []
        self.more = 0
        self._limit = limit

    def has_room(self, number: int) -> bool:
        """Return whether some of so many items will be listed; else count them."""
        if self._limit is None or len(self.listed) < self._limit:
            return True
        self.more += number
        return False

    def add(self, *items: str) -> None:
        """Take items."""
        for item in items:
            if self.has_room(1):
                self.listed.append(item)


@dataclass(slots=True)
class _Changes:
    added: _Items
    changed: _Items
    removed: _Items


def _named(domain: Domain) -> str:
    elsewhere = "" if domain.away is None else f", {place(domain.away)}"
    return f"domain {domain.pattern} ({domain.provider.name}){elsewhere}"


def _domain_changes(old: Domain, new: Domain) -> Iterator[str]:
    yield from _provider_changes(old.provider, new.provider)
    before, after = _asked(old.users), _asked(new.users)
    if before != after:
        yield f"{before} becomes {after}"
    if old.away != new.away:
        yield f"{place(old.away)} becomes {place(new.away)}"


def place(away: Away | None) -> str:
    """Say in a few words where the mail of a domain is."""
    if away is None:
        return "served"
    if away.address_domain is not None:
        return f"moved to addresses at {away.address_domain}"
    return "declined" if away.url is None else f"moved to {away.url}"


def _asked(users: Users | None) -> str:
    if users is None:
        return "no directory"
    parts = [f"directory {users.directory.label}"]
    if users.unknown_user is UnknownUser.DECLINE:
        parts.append("declining unknown users")
    if users.show_display_name:
        parts.append("showing names")
    return ", ".join(parts)


def _provider_changes(old: Provider, new: Provider) -> Iterator[str]:
    if old.name != new.name:
        yield f'provider "{old.name}" becomes "{new.name}"'
    if old.short_name != new.short_name:
        yield f'short name "{old.short_name}" becomes "{new.short_name}"'
    if old.documentation != new.documentation:
        yield "documentation"
    if old.oauth2 != new.oauth2:
        yield "OAuth2 data"
    yield from _page_changes(old, new)


def _page_changes(old: Provider, new: Provider) -> Iterator[str]:
    if old.enable != new.enable:
        yield "what users must switch on"
    if old.webmail != new.webmail:
        before, after = (one.webmail.url if one.webmail else "nowhere" for one in (old, new))
        same = before == after
        yield "how web mail is logged in to" if same else f"web mail {before} becomes {after}"
    if old.update_url != new.update_url:
        yield f"update URL {old.update_url or 'none'} becomes {new.update_url or 'none'}"
    if old.logos != new.logos:
        yield "logos"
    if old.developer_url != new.developer_url:
        yield f"developer URL {old.developer_url or 'none'} becomes {new.developer_url or 'none'}"
    if old.contacts != new.contacts:
        yield "contacts"
    if old.profile != new.profile:
        yield "what configuration profiles say"
    before, after = (one.subaddress_separators or "none" for one in (old, new))
    if before != after:
        yield f"sub-address separators {before} become {after}"


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
    """Return a directory with the secret of an older version of it where it names none itself."""
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
    return dict.fromkeys(one for one in catalog.idle_providers if one not in used)


def _idle_named(provider: Provider) -> str:
    return f"provider {provider.name} without domains"
