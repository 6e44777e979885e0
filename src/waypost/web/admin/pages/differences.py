"""What differs between two versions of an object, as text for people."""

import json
from collections.abc import Iterator, Mapping

from waypost.admin.results import AuditEntry


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
    """Return the keys that an entry of the audit log has changed, with both values."""
    return list(differences(entry.before or {}, entry.after or {}))
