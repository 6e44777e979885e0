"""The key `formats` of a service: which ways of discovery describe it."""

from typing import Final

from waypost.model import FORMATS_OF, Format, ServiceType
from waypost.transfer.json_schema_parts import Schema
from waypost.transfer.tables import Table, kind

KEY: Final = "formats"
WORDS: Final = tuple(form.value for form in Format)


def read_formats(table: Table) -> frozenset[Format] | None:
    """Read which formats describe a service; None if the key is absent or wrong."""
    items = table.items(KEY)
    if not items and isinstance(table.raw(KEY), list):
        table.problem(KEY, f"is empty; leave it out for all of {', '.join(WORDS)}")
    found: set[Format] = set()
    for at, item in items:
        if not isinstance(item, str):
            table.problem(at, f"must be a text, not {kind(item)}")
        elif item.lower() not in WORDS:
            table.problem(at, f"unknown format; known are {', '.join(WORDS)}")
        elif (form := Format(item.lower())) in found:
            table.problem(at, f"{form} is named twice")
        else:
            found.add(form)
    return frozenset(found) if found and len(found) == len(items) else None


def warn_of_none(table: Table, service_type: ServiceType, formats: frozenset[Format]) -> None:
    """Warn of a service that no client finds, because none of its formats can describe it."""
    if FORMATS_OF[service_type].isdisjoint(formats):
        known = ", ".join(in_order(FORMATS_OF[service_type]))
        table.warn(KEY, f"none of them can describe a service of type {service_type}; use {known}")


def in_order(formats: frozenset[Format]) -> list[str]:
    """Return the words of some formats, always in the same order."""
    return [form.value for form in Format if form in formats]


def formats_schema() -> Schema:
    """Return the key as JSON Schema."""
    return {
        "type": "array",
        "items": {"enum": list(WORDS)},
        "minItems": 1,
        "uniqueItems": True,
        "description": "Only these ways of discovery describe it.",
    }
