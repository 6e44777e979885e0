"""From a row of a database to what a directory says of a user."""

import numbers
from collections.abc import Iterator, Mapping
from datetime import date
from uuid import UUID

from waypost.directory import Entry


def entry_of(row: Mapping[str, object]) -> Entry:
    """Return the values of each column as texts; a column without one is absent.

    NULL is no value. A list (PostgreSQL's arrays) is several. Bytes are read as UTF-8 where they
    are that. Of two columns with the same name, whatever their case, the first counts.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, value in row.items():
        values = tuple(_texts(value))
        if values:
            found.setdefault(name.lower(), values)
    return found


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, bytes | bytearray | memoryview):
        try:
            yield bytes(value).decode()
        except UnicodeDecodeError:
            return
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str | numbers.Number | date | UUID):
        yield str(value)
