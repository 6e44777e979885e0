"""Write a catalog as a providers file: one canonical text for each catalog."""

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Final

from waypost.core.merge_sequences import merge_sequences
from waypost.core.model import Catalog, DirectoryPolicy, Domain, Provider, Redirect, Service
from waypost.providers_file.catalog import default_short_name
from waypost.providers_file.document import FileFormat
from waypost.providers_file.models.base import serialize_keys
from waypost.providers_file.models.directory import directories_data
from waypost.providers_file.models.domain import RedirectTable, UsersTable
from waypost.providers_file.models.provider import PagesTable
from waypost.providers_file.models.service import ServiceTable
from waypost.providers_file.toml_text import toml_text

_FEW: Final = 16
"""One of so many domains of a group is few of them."""


def write_providers(catalog: Catalog, format: FileFormat) -> str:  # noqa: A002 -- its name
    """Write a catalog without default values and without secrets.

    The text ends with a line break. Reading the text returns the same catalog (except for
    secrets), and writing that catalog returns the same text.
    """
    return "".join(providers_text(catalog, format))


def providers_text(
    catalog: Catalog,
    format: FileFormat,  # noqa: A002 -- its name
    *,
    with_secrets: bool = False,
) -> Iterator[str]:
    """Yield the same text in parts, for catalogs of any size.

    Args:
        catalog: what to write.
        format: the format of the text.
        with_secrets: also write the passwords and URIs of directories.
    """
    data: dict[str, object] = {"provider": _LazyList(lambda: _providers(catalog))}
    data |= directories_data(catalog.directories, with_secrets=with_secrets)
    if format == "json":
        yield from json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(data)
        yield "\n"
    else:
        yield from toml_text(data)


class _LazyList(list[object]):
    """A list that creates its items again in each iteration, and stores none."""

    def __init__(self, items: Callable[[], Iterator[object]], length: int | None = None) -> None:
        super().__init__()
        self._items = items
        self._length = length

    def __iter__(self) -> Iterator[object]:
        return self._items()

    def __len__(self) -> int:
        return sum(1 for _ in self) if self._length is None else self._length

    def __bool__(self) -> bool:
        return next(self._items(), None) is not None


@dataclass(frozen=True, slots=True)
class _DomainGroup:
    """Consecutive domains of one provider.

    Attributes:
        sequences: their services, each sequence once, in the order of its first domain.
        owners: for each sequence, the indices of the domains that have it, ascending.
        users: the directory of all domains; None if the domains differ.
        redirect: where the mail of all domains is; None if the domains differ.
    """

    provider: Provider
    domains: Sequence[Domain]
    sequences: Sequence[Sequence[Service]]
    owners: Sequence[Sequence[int]]
    users: DirectoryPolicy | None
    redirect: Redirect | None


def _providers(catalog: Catalog) -> Iterator[dict[str, object]]:
    for provider in catalog.unused_providers:
        yield _provider(provider, None)
    # Domains keep their order, so a provider whose domains are not consecutive is written twice
    # or more.
    for group in _groups(catalog.domains):
        yield _provider(group.provider, group)


def _groups(domains: Sequence[Domain]) -> Iterator[_DomainGroup]:
    start = 0
    for provider, members in groupby(domains, key=lambda domain: domain.provider):
        known: dict[tuple[Service, ...], int] = {}
        owners: list[array[int]] = []
        count = 0
        last: tuple[Service, ...] | None = None
        users: dict[DirectoryPolicy | None, None] = {}
        redirect: dict[Redirect | None, None] = {}
        for count, domain in enumerate(members, start=1):
            users.setdefault(domain.users)
            redirect.setdefault(domain.redirect)
            if domain.services is not last:  # Consecutive domains mostly have the same services.
                last = domain.services
                number = known.setdefault(last, len(known))
                if number == len(owners):
                    owners.append(array("L"))
            owners[number].append(count - 1)
        common_users = next(iter(users)) if len(users) == 1 else None
        common_redirect = next(iter(redirect)) if len(redirect) == 1 else None
        part = domains[start : start + count]
        yield _DomainGroup(provider, part, list(known), owners, common_users, common_redirect)
        start += count


def _provider(provider: Provider, group: _DomainGroup | None) -> dict[str, object]:
    data: dict[str, object] = {"name": provider.name}
    if provider.short_name != default_short_name(provider.name):
        data["short_name"] = provider.short_name
    if group is not None:
        domains = group.domains
        if group.users is not None:
            data |= UsersTable.serialize_policy(group.users)
        data |= RedirectTable.serialize_redirect(group.redirect)
        data["domains"] = _LazyList(
            lambda: (_domain(domain, group) for domain in domains), len(domains)
        )
        if services := list(_services(group)):
            data["services"] = services
    return data | serialize_keys(PagesTable, provider)


def _domain(domain: Domain, group: _DomainGroup) -> object:
    if domain.alias_of is not None:
        return {"name": domain.pattern.text, "alias_of": domain.alias_of}
    own_keys: dict[str, object] = {}
    if domain.users is not None and group.users is None:
        own_keys |= UsersTable.serialize_policy(domain.users)
    if group.redirect is None:
        own_keys |= RedirectTable.serialize_redirect(domain.redirect)
    return {"name": domain.pattern.text, **own_keys} if own_keys else domain.pattern.text


def _services(group: _DomainGroup) -> Iterator[dict[str, object]]:
    for service, owners in merge_sequences(group.sequences):
        data = ServiceTable.serialize(service)
        if len(owners) < len(group.sequences):
            data["domains"] = _names(group, owners)
        yield data


def _names(group: _DomainGroup, sequences: Sequence[int]) -> _LazyList:
    """Return the names of the domains that have one of these sequences of services."""
    owners = [group.owners[number] for number in sequences]
    count = sum(map(len, owners))

    def names() -> Iterator[str]:
        if count * _FEW < len(group.domains):
            yield from (group.domains[number].pattern.text for number in merge(*owners))
            return
        # Domains in a temporary table or a file are read faster one after the other.
        wanted = merge(*owners)
        following = next(wanted, None)
        for number, domain in enumerate(group.domains):
            if number == following:
                yield domain.pattern.text
                following = next(wanted, None)

    return _LazyList(names, count)
