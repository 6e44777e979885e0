"""The key `formats` of a service: the discovery formats that describe the service."""

from typing import Final

from waypost.core.model import FORMATS_OF, Format, ServiceType
from waypost.providers_file.json_schema_parts import Schema
from waypost.providers_file.validation import Table, kind

KEY: Final = "formats"
WORDS: Final = tuple(form.value for form in Format)


def read_formats(table: Table) -> frozenset[Format] | None:
    """Read the formats that describe a service; return None if the key is absent or wrong."""
    items = table.items(KEY)
    if not items and isinstance(table.raw(KEY), list):
        table.problem(KEY, f"is empty; remove it for all of {', '.join(WORDS)}")
    found: set[Format] = set()
    for at, item in items:
        if not isinstance(item, str):
            table.problem(at, f"must be a string, not {kind(item)}")
        elif item.lower() not in WORDS:
            table.problem(at, f"unknown format; use one of {', '.join(WORDS)}")
        elif (form := Format(item.lower())) in found:
            table.problem(at, f"{form} appears twice")
        else:
            found.add(form)
    return frozenset(found) if found and len(found) == len(items) else None


def warn_of_none(table: Table, service_type: ServiceType, formats: frozenset[Format]) -> None:
    """Warn of a service that no client finds because none of its formats can describe it."""
    if FORMATS_OF[service_type].isdisjoint(formats):
        known = ", ".join(in_order(FORMATS_OF[service_type]))
        rule = f"none of these formats can describe a service of type {service_type}; use {known}"
        table.warn(KEY, rule)


def in_order(formats: frozenset[Format]) -> list[str]:
    """Return the names of some formats, always in the same order."""
    return [form.value for form in Format if form in formats]


def formats_schema() -> Schema:
    """Return the key as JSON Schema."""
    return {
        "type": "array",
        "items": {"enum": list(WORDS)},
        "minItems": 1,
        "uniqueItems": True,
        "description": "Only these discovery formats describe the service.",
    }
