"""The objects that `waypost apply` changes, as the audit log stores them: before and after."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from waypost.admin.objects import directory_data, domain_data, provider_data, served_data
from waypost.admin.results import OMITTED, Data
from waypost.core.model import Directory, Domain, Provider
from waypost.providers_file.plan import with_stored_secret

OBJECTS: Final = "objects"
OBJECTS_MAX_BYTES: Final = 256 * 1024
"""How many bytes of objects an entry has, before and after together: some 400 domains."""
_TOO_LARGE: Final = f"more than {OBJECTS_MAX_BYTES // 1024} KiB of objects"
_SAME_NAME: Final = "several providers with one name"
_Objects = dict[str, Data]
"""The objects of one kind, by name."""


class NotedObjects:
    """A builder of both sides of an entry, in bounded memory."""

    def __init__(self) -> None:
        """Create it without objects."""
        self._before: dict[str, _Objects] = {}
        self._after: dict[str, _Objects] = {}
        self._bytes = 0
        self._reason = ""

    @property
    def is_full(self) -> bool:
        """Whether no more objects are needed, because the entry does not store them."""
        return bool(self._reason)

    def add_domain(self, old: Domain | None, new: Domain | None) -> None:
        """Add a domain that changes; None is absent."""
        domain = old or new
        if domain is not None and not self.is_full:
            self._add("domain", domain.pattern.text, noted_domain(old), noted_domain(new))

    def add_providers(self, before: Iterable[Provider], after: Iterable[Provider]) -> None:
        """Add the providers that change, of all those before and after."""
        stored, wanted = list(dict.fromkeys(before)), list(dict.fromkeys(after))
        old, new = by_name(stored), by_name(wanted)
        if len(old) < len(stored) or len(new) < len(wanted):
            self._omit(_SAME_NAME)
        self._add_all("provider", old, new)

    def add_directories(self, before: Iterable[Directory], after: Iterable[Directory]) -> None:
        """Add the directories that change, of all those before and after."""
        stored = {one.label: one for one in before}
        kept = (
            with_stored_secret(one, stored[one.label]) if one.label in stored else one
            for one in after
        )
        wanted = {one.label: one for one in kept}
        old, new = (
            {label: directory_data(one) for label, one in side.items()} for side in (stored, wanted)
        )
        secret = {label for label in stored.keys() & wanted if stored[label] != wanted[label]}
        self._add_all("directory", old, new, secret)

    def sides(self, counts: Mapping[str, int]) -> tuple[Data, Data]:
        """Return `before` and `after`, which also has the numbers of changes."""
        if self._reason:
            return {OMITTED: self._reason}, {**counts}
        return {OBJECTS: self._before}, {**counts, OBJECTS: self._after}

    def _add_all(self, kind: str, old: _Objects, new: _Objects, more: Collection[str] = ()) -> None:
        """Add objects that differ, and more of them, whose secret differs."""
        for name in dict.fromkeys((*old, *new)):
            is_other = name in more or old.get(name) != new.get(name)
            if is_other and not self.is_full:
                self._add(kind, name, old.get(name), new.get(name))

    def _add(self, kind: str, name: str, old: Data | None, new: Data | None) -> None:
        for side, data in ((self._before, old), (self._after, new)):
            if data is not None:
                self._bytes += len(json.dumps(data, ensure_ascii=False).encode()) + len(name)
                side.setdefault(kind, {})[name] = data
        if self._bytes > OBJECTS_MAX_BYTES:
            self._omit(_TOO_LARGE)

    def _omit(self, reason: str) -> None:
        self._reason = reason
        self._before.clear()
        self._after.clear()


def noted_domain(domain: Domain | None) -> Data | None:
    """Return a domain; an alias also has what it serves."""
    return None if domain is None else domain_data(domain) | served_data(domain)


def by_name(providers: Iterable[Provider]) -> _Objects:
    """Return the objects of providers."""
    return {one.name: provider_data(one) for one in providers}


def has_objects(data: Mapping[str, Any] | None) -> bool:
    """Return whether one side of an entry has the objects that were changed."""
    return data is not None and OBJECTS in data


def has_same_objects(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """Return whether both sides have the same objects: only what is not in them has changed."""
    return has_objects(before) and (before or {})[OBJECTS] == (after or {}).get(OBJECTS)


def objects_of(data: Mapping[str, Any] | None, kind: str) -> Mapping[str, Data]:
    """Return the objects of one kind on one side of an entry, by name."""
    found: Mapping[str, Data] = (data or {}).get(OBJECTS, {}).get(kind, {})
    return found


def keys_of(*sides: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each object of an entry."""
    for data in sides:
        for kind, objects in (data or {}).get(OBJECTS, {}).items():
            for name in objects:
                yield kind, name
