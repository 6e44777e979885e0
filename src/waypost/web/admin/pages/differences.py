"""What differs between two versions of an object, as text for people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from waypost.admin.applied.noted import has_objects, keys_of, objects_of
from waypost.admin.provider_services.groups import GROUPS, has_groups
from waypost.admin.results import OMITTED, AuditEntry

_NAMES_SHOWN: Final = 5
_GROUPS_SHOWN: Final = 20
_OBJECTS_SHOWN: Final = 20


def differences(
    theirs: Mapping[str, object], mine: Mapping[str, object]
) -> Iterator[tuple[str, str, str]]:
    """Yield the keys that differ, with both values; services one by one."""
    for key in dict.fromkeys((*theirs, *mine)):
        one, other = theirs.get(key), mine.get(key)
        if one == other or key in {"name", "domains"}:
            continue
        if isinstance(one, list) and isinstance(other, list):
            for index in range(max(len(one), len(other))):
                left, right = (part[index] if index < len(part) else None for part in (one, other))
                if left != right:
                    yield f"{key} {index + 1}", describe(left), describe(right)
        else:
            yield key, describe(one), describe(other)


def describe(value: object) -> str:
    """Return a value of JSON as text for people."""
    if value is None:
        return "\N{EM DASH}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {describe(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(describe, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def changed(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """Return the keys that an entry of the audit log has changed, with both values.

    For the services of all domains of a provider, the names of domains are in the place of the
    keys; "" is for all other domains.
    """
    before, after = entry.before or {}, entry.after or {}
    if has_groups(before) and has_groups(after):
        return list(_group_differences(before[GROUPS], after[GROUPS]))
    if has_objects(before):
        return list(_object_differences(before, after))
    if OMITTED in before and "version" in before:
        return [("", describe(before[OMITTED]), describe(after.get(OMITTED, after.get(GROUPS))))]
    return list(differences(before, after))


def _object_differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Yield the objects that a file has changed; of very many, the others are only counted."""
    keys = list(dict.fromkeys(keys_of(before, after)))
    for kind, name in keys[:_OBJECTS_SHOWN]:
        old, new = (objects_of(side, kind).get(name) for side in (before, after))
        yield name, describe(old), describe(new)
    if (more := len(keys) - _OBJECTS_SHOWN) > 0:
        yield f"\N{HORIZONTAL ELLIPSIS} ({more})", "", ""


def _group_differences(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    """Yield the domains whose services differ, with both lists: on one side, all are the same.

    The largest groups come first; of very many, the others are only counted.
    """
    groups = max(before, after, key=len)
    for group in groups[: -_GROUPS_SHOWN - 1 : -1]:
        old, new = ((group if side[1:] else side[0])["services"] for side in (before, after))
        if old != new:
            yield _first(group.get("domains", ())), describe(old), describe(new)
    if (more := len(groups) - _GROUPS_SHOWN) > 0:
        yield f"\N{HORIZONTAL ELLIPSIS} ({more})", "", ""


def _first(names: Sequence[str]) -> str:
    more = f", \N{HORIZONTAL ELLIPSIS} ({len(names)})" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more
