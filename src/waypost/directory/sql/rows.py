"""Convert a row of a database to the entry of a user."""

import numbers
from collections.abc import Iterator, Mapping
from datetime import date
from uuid import UUID

from waypost.directory.protocol import Entry


def entry_of(row: Mapping[str, object]) -> Entry:
    """Return the values of each column as texts; a column without a value is absent.

    NULL is no value. A list (PostgreSQL's arrays) is several values. Bytes are decoded as UTF-8,
    or absent if they are not UTF-8. If two column names are equal in any case, the first counts.
    """
    entry: dict[str, tuple[str, ...]] = {}
    for name, value in row.items():
        values = tuple(_texts(value))
        if values:
            entry.setdefault(name.lower(), values)
    return entry


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, bytes | bytearray | memoryview):
        try:
            yield bytes(value).decode()
        except UnicodeDecodeError:
            return
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str | numbers.Number | date | UUID):
        yield str(value)
