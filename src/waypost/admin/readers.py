"""Read objects from a database, or from the catalog of a providers file."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Protocol
from urllib.parse import urlsplit

from waypost.admin.principal import Principal
from waypost.admin.source import AdminSource
from waypost.core.errors import ObjectNotFound
from waypost.core.model import (
    Catalog,
    Directory,
    Domain,
    DomainPattern,
    HostEndpoint,
    Provider,
    Service,
)
from waypost.database.engine import Connection, read_snapshot
from waypost.store.sql import listing
from waypost.store.sql.listing import DomainFilter
from waypost.store.sql.sync.domain_set import DomainSet
from waypost.store.sql.sync.one_provider import counts_by_name, provider_rows
from waypost.store.sql.sync.reader import SharedRows


class ObjectReader(Protocol):
    """What the use cases read."""

    def domain(self, pattern: DomainPattern) -> Domain | None:
        """Return the entry of a domain or a pattern, or None."""
        ...

    def domains(
        self, wanted: DomainFilter, after: str, limit: int
    ) -> tuple[list[Domain], str | None]:
        """Return domains by name, and the key of the next part or None."""
        ...

    def providers(self, principal: Principal) -> list[Provider]:
        """Return the providers that a principal sees, each name once."""
        ...

    def has_provider(self, principal: Principal, name: str) -> bool:
        """Return whether a principal sees a provider."""
        ...

    def domain_counts(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the number of domains of some providers, by name."""
        ...

    def directories(self, principal: Principal) -> list[Directory]:
        """Return the directories that a principal sees."""
        ...


@contextmanager
def open_reader(source: AdminSource) -> Iterator[ObjectReader]:
    """Yield a reader; all it reads is of one state."""
    if source.engine is None:
        yield CatalogReader(source.catalog())
        return
    with read_snapshot(source.engine) as connection:
        yield DatabaseReader(connection)


class DatabaseReader:
    """Implements `ObjectReader` for a database."""

    def __init__(self, connection: Connection) -> None:
        """Create it for one transaction."""
        self.connection = connection

    def domain(self, pattern: DomainPattern) -> Domain | None:
        """Return the entry of a domain or a pattern, or None."""
        return DomainSet(self.connection, [pattern]).domain(pattern)

    def domains(
        self, wanted: DomainFilter, after: str, limit: int
    ) -> tuple[list[Domain], str | None]:
        """Return domains by name, and the key of the next part or None."""
        return listing.list_domains(self.connection, wanted, after, limit)

    def providers(self, principal: Principal) -> list[Provider]:
        """Return the providers that a principal sees, each name once."""
        ids: set[int] | None = None
        if principal.is_tenant:
            wanted = DomainFilter(provider=principal.provider, domains=principal.domains)
            ids = listing.used_provider_ids(self.connection, wanted)
            ids.update(listing.provider_ids(self.connection, principal.provider or ""))
        found: dict[str, Provider] = {}
        for row in provider_rows(self.connection, ids):
            found.setdefault(row.provider.name, row.provider)
        return list(found.values())

    def has_provider(self, principal: Principal, name: str) -> bool:
        """Return whether a principal sees a provider; the others are not read."""
        if not listing.provider_ids(self.connection, name):
            return False
        if not principal.is_tenant or principal.provider is not None:
            return principal.provider in {None, name}
        wanted = DomainFilter(provider=name, domains=principal.domains)
        return bool(listing.used_provider_ids(self.connection, wanted))

    def domain_counts(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the number of domains of some providers, by name."""
        return counts_by_name(self.connection, names)

    def directories(self, principal: Principal) -> list[Directory]:
        """Return the directories that a principal sees."""
        known = SharedRows(self.connection, []).directories
        if not principal.is_tenant:
            return list(known)
        wanted = DomainFilter(provider=principal.provider, domains=principal.domains)
        labels = listing.labels_in_use(self.connection, wanted)
        return [one for one in known if one.label in labels]


class CatalogReader:
    """Implements `ObjectReader` for a providers file."""

    def __init__(self, catalog: Catalog) -> None:
        """Create it; the domains are sorted once."""
        self._catalog = catalog
        self._domains = sorted(catalog.domains, key=_name)
        self._names = [domain.pattern.text for domain in self._domains]
        self._counts = Counter(domain.provider.name for domain in self._domains)

    def domain(self, pattern: DomainPattern) -> Domain | None:
        """Return the entry of a domain or a pattern, or None."""
        at = bisect_left(self._names, pattern.text)
        is_found = at < len(self._names) and self._names[at] == pattern.text
        return self._domains[at] if is_found else None

    def domains(
        self, wanted: DomainFilter, after: str, limit: int
    ) -> tuple[list[Domain], str | None]:
        """Return domains by name, and the key of the next part or None."""
        start = bisect_right(self._names, after) if after else 0
        start = max(start, bisect_left(self._names, wanted.prefix))
        found: list[Domain] = []
        for at in range(start, len(self._domains)):
            domain = self._domains[at]
            if not domain.pattern.text.startswith(wanted.prefix):
                break
            if _meets(domain, wanted):
                found.append(domain)
            if len(found) > limit:
                return found[:limit], found[limit - 1].pattern.text
        return found, None

    def providers(self, principal: Principal) -> list[Provider]:
        """Return the providers that a principal sees, each name once."""
        found: dict[str, Provider] = {}
        externals = (external.provider for external in self._catalog.external_domains)
        for domain in self._domains:
            if principal.sees_domain(domain.pattern, domain.provider.name):
                found.setdefault(domain.provider.name, domain.provider)
        for provider in (*externals, *self._catalog.unused_providers):
            if not principal.is_tenant or principal.provider == provider.name:
                found.setdefault(provider.name, provider)
        return list(found.values())

    def has_provider(self, principal: Principal, name: str) -> bool:
        """Return whether a principal sees a provider."""
        return any(one.name == name for one in self.providers(principal))

    def domain_counts(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the number of domains of some providers, by name."""
        return {name: self._counts[name] for name in names}

    def directories(self, principal: Principal) -> list[Directory]:
        """Return the directories that a principal sees."""
        known = self._catalog.directories
        if not principal.is_tenant:
            return list(known)
        labels = {
            domain.users.directory.label
            for domain in self._domains
            if domain.users is not None
            and principal.sees_domain(domain.pattern, domain.provider.name)
        }
        return [one for one in known if one.label in labels]


def check_provider(reader: ObjectReader, principal: Principal, name: str) -> None:
    """Check that a principal sees a provider; a tenant does not learn which others exist.

    Raises:
        ObjectNotFound: with the most similar provider, if there is one.
    """
    if not reader.has_provider(principal, name):
        raise unknown_provider(name, [one.name for one in reader.providers(principal)])


def unknown_provider(name: str, names: Sequence[str]) -> ObjectNotFound:
    """Return the error for a provider that does not exist.

    Args:
        name: of the provider.
        names: the providers that the principal sees; the error has the most similar one.
    """
    return ObjectNotFound(f"there is no provider {name!r}{similar_name(name, names)}")


def similar_name(name: str, names: Sequence[str]) -> str:
    """Return a question about the most similar name, in any case; empty if there is none."""
    known = {one.lower(): one for one in names}
    near = get_close_matches(name.lower(), known, n=1)
    return f"; did you mean {known[near[0]]!r}?" if near else ""


def _name(domain: Domain) -> str:
    return domain.pattern.text


def _meets(domain: Domain, wanted: DomainFilter) -> bool:
    principal = Principal("", "command", domains=wanted.domains, provider=wanted.provider)
    if not principal.sees_domain(domain.pattern, domain.provider.name):
        return False
    host = None if wanted.host is None else wanted.host.lower()
    return host is None or any(host == _host(one) for one in domain.services)


def _host(service: Service) -> str | None:
    endpoint = service.endpoint
    if isinstance(endpoint, HostEndpoint):
        return endpoint.host.lower()
    return urlsplit(endpoint.url).hostname
