"""Apple's description of the payloads of configuration profiles, from the table `apple.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

TYPES: Final[Mapping[str, type]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "real": float,
    "date": datetime,
    "data": bytes,
    "array": list,
    "dictionary": dict,
}
UUID: Final = "-".join(f"[0-9A-Za-z]{{{length}}}" for length in (8, 4, 4, 4, 12))
COMMON: Final = "CommonPayloadKeys"
TOP: Final = "TopLevel"
SEARCHES: Final = "LDAPSearchSettings"
_TABLE: Final = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Description:
    """The keys of one type of payload, or of a dictionary in it.

    Attributes:
        types: the type of each key.
        required: the keys that must be present.
        values: the only values that some keys may have.
        uuids: the keys whose value is a UUID.
    """

    types: Mapping[str, type]
    required: frozenset[str]
    values: Mapping[str, frozenset[object]]
    uuids: frozenset[str]

    def __or__(self, other: "Description") -> "Description":
        """Return a description with the keys of both."""
        return Description(
            {**self.types, **other.types},
            self.required | other.required,
            {**self.values, **other.values},
            self.uuids | other.uuids,
        )


@cache
def descriptions() -> Mapping[str, Description]:
    """Return the description of each table of `apple.toml`, without the common keys."""
    tables = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: _description(table) for name, table in tables.items()}


def _description(table: Mapping[str, Any]) -> Description:
    types = {key: kind for name, kind in TYPES.items() for key in table.get(name, ())}
    values = {key: frozenset(allowed) for key, allowed in table.get("values", {}).items()}
    required, uuids = (frozenset(table.get(name, ())) for name in ("required", "uuid"))
    return Description(types, required, values, uuids)


def description_of(payload_type: str) -> Description:
    """Return the description of a payload with the keys of all payloads."""
    name = TOP if payload_type == "Configuration" else payload_type
    return descriptions()[COMMON] | descriptions()[name]


def complaints(payload: Mapping[str, Any]) -> list[str]:
    """Return what Apple's description does not allow in a profile without its payloads."""
    found = _complaints(payload, description_of(payload["PayloadType"]))
    for search in payload.get(SEARCHES, ()):
        found += _complaints(search, descriptions()[SEARCHES])
    return found


def _complaints(payload: Mapping[str, Any], description: Description) -> list[str]:
    found = [f"{key}: missing" for key in sorted(description.required - payload.keys())]
    for key, value in payload.items():
        kind = description.types.get(key)
        if kind is None:
            found.append(f"{key}: unknown")
        elif type(value) is not kind:
            found.append(f"{key}: {value!r} is not of type {kind.__name__}")
        elif key in description.values and value not in description.values[key]:
            found.append(f"{key}: {value!r} is not allowed")
        elif key in description.uuids and not re.fullmatch(UUID, str(value)):
            found.append(f"{key}: {value!r} is not a UUID")
    return found
