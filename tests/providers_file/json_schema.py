"""Validate the part of JSON Schema 2020-12 that Waypost uses; other keywords are errors."""

import re
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
ANNOTATIONS = {"$schema", "$defs", "title", "description"}


def is_valid(data: Any, schema: Any, root: dict[str, Any]) -> bool:
    """Return whether plain data are valid by a schema."""
    if isinstance(schema, bool):
        return schema
    return all(
        _keeps(keyword, value, data, schema, root)
        for keyword, value in schema.items()
        if keyword not in ANNOTATIONS
    )


def _keeps(keyword: str, value: Any, data: Any, schema: dict[str, Any], root: Any) -> bool:  # noqa: PLR0911 -- one a keyword
    match keyword:
        case "$ref":
            return is_valid(data, root["$defs"][value.removeprefix("#/$defs/")], root)
        case "type":
            is_bool = isinstance(data, bool) and value != "boolean"
            return isinstance(data, TYPES[value]) and not is_bool
        case "enum":
            return data in value
        case "anyOf":
            return any(is_valid(data, one, root) for one in value)
    if isinstance(data, dict):
        return _object_keeps(keyword, value, data, schema, root)
    if isinstance(data, list):
        return _list_keeps(keyword, value, data, root)
    if isinstance(data, str):
        rules = {
            "minLength": keyword != "minLength" or len(data) >= value,
            "maxLength": keyword != "maxLength" or len(data) <= value,
            "pattern": keyword != "pattern" or re.search(value, data) is not None,
        }
        return rules[keyword] if keyword in rules else _is_known(keyword)
    if isinstance(data, int | float):
        bounds = {
            "minimum": keyword != "minimum" or data >= value,
            "maximum": keyword != "maximum" or data <= value,
        }
        return bool(bounds[keyword]) if keyword in bounds else _is_known(keyword)
    return _is_known(keyword)


def _object_keeps(
    keyword: str, value: Any, data: dict[str, Any], schema: dict[str, Any], root: Any
) -> bool:
    match keyword:
        case "properties":
            return all(is_valid(data[k], one, root) for k, one in value.items() if k in data)
        case "additionalProperties":
            others = data.keys() - schema.get("properties", {}).keys()
            return all(is_valid(data[key], value, root) for key in others)
        case "propertyNames":
            return all(is_valid(key, value, root) for key in data)
        case "required" | "dependentRequired":
            lists = [value] if keyword == "required" else [value[k] for k in value if k in data]
            return all(key in data for keys in lists for key in keys)
        case "minProperties":
            return len(data) >= int(value)
    return _is_known(keyword)


def _list_keeps(keyword: str, value: Any, data: list[Any], root: Any) -> bool:
    match keyword:
        case "items":
            return all(is_valid(item, value, root) for item in data)
        case "minItems":
            return len(data) >= int(value)
        case "maxItems":
            return len(data) <= int(value)
        case "uniqueItems":
            return all(item not in data[:index] for index, item in enumerate(data))
    return _is_known(keyword)


def _is_known(keyword: str) -> bool:
    known = "properties additionalProperties propertyNames required minProperties items minItems"
    known += " dependentRequired maxItems uniqueItems minLength maxLength pattern minimum maximum"
    if keyword not in known.split():
        message = f"the checker does not know {keyword}"
        raise NotImplementedError(message)
    return True
