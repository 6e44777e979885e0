"""The parts that the JSON Schema of providers files consists of."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = dict[str, Any]
_URL_PATTERN: Final = "^([Hh][Tt][Tt][Pp][Ss]?)://"


def object_schema(
    keys: Sequence[str], about: Mapping[str, Any], required: Sequence[str] = ()
) -> Schema:
    """Return the schema of a table with exactly these keys; each key needs a description."""
    properties = {key: about[key] for key in keys}
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def reference(name: str) -> Schema:
    """Return a reference to another definition."""
    return {"$ref": f"#/$defs/{name}"}


def list_of(name: str, about: str) -> Schema:
    """Return the schema of a list whose items have another definition."""
    return {"type": "array", "items": reference(name), "description": about}


def text(max_chars: int, about: str, *, least: int = 1) -> Schema:
    """Return the schema of a string by its length."""
    return {"type": "string", "minLength": least, "maxLength": max_chars, "description": about}


def web_url(max_chars: int, about: str) -> Schema:
    """Return the schema of a URL that users or clients open."""
    return {**text(max_chars, about), "pattern": _URL_PATTERN}


def integer(low: int, high: int, about: str) -> Schema:
    """Return the schema of an integer by its range."""
    return {"type": "integer", "minimum": low, "maximum": high, "description": about}


def number(low: float, high: float, about: str) -> Schema:
    """Return the schema of a number by its range."""
    return {"type": "number", "minimum": low, "maximum": high, "description": about}


def flag(about: str) -> Schema:
    """Return the schema of a boolean."""
    return {"type": "boolean", "description": about}
