"""A CSV file of users: RFC 4180 with a header, in UTF-8."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from waypost.core.errors import AddressError
from waypost.directory.entries import DISPLAY_NAME_COLUMN, LOGIN_COLUMN, VALUE_MAX_CHARS
from waypost.directory.file.addresses import AddressParser
from waypost.directory.file.problems import Problems
from waypost.directory.file.user_table import UserTable, UserTableBuilder

ADDRESS_COLUMN: Final = "address"
DELIMITERS: Final = (",", ";", "\t")
COLUMNS_MAX: Final = 64
_KNOWN: Final = (ADDRESS_COLUMN, LOGIN_COLUMN, DISPLAY_NAME_COLUMN)
_FIELD_TOO_LARGE: Final = "field larger"
# Messages of the standard library's reader, and what they mean for the author of the file.
_CSV_ERRORS: Final = {
    "unexpected end of data": "a quotation mark is opened and never closed (RFC 4180 s2.5)",
    "expected after": "text follows a closing quotation mark; double those inside a text "
    "(RFC 4180 s2.7)",
    _FIELD_TOO_LARGE: "a cell is very long; perhaps a quotation mark is never closed",
    "new-line": "a line contains a carriage return; end lines with LF or CR LF",
}


@dataclass(frozen=True, slots=True)
class _Header:
    """The first line of the file.

    Attributes:
        columns: all names; those that Waypost knows are in lowercase.
    """

    delimiter: str
    columns: tuple[str, ...]


class _NotUtf8Error(Exception):
    """A line is not UTF-8, so the rest of the file is not read."""


def read_csv(data: bytes, mistakes: Problems) -> UserTable:
    """Read the users of a CSV file; a line with a mistake is reported and skipped.

    Args:
        data: the whole file. The first line names the columns, and so shows the delimiter.
            Blank lines are ignored; there are no comments.
        mistakes: collects the mistakes.
    """
    builder = UserTableBuilder()
    columns: tuple[str, ...] = ()
    try:
        lines = _lines(data, mistakes)
        header = _header(next(lines, ""), mistakes)
        if header is not None:
            _read_users(lines, header, builder, mistakes)
            columns = tuple(name for name in header.columns if name != ADDRESS_COLUMN)
    except _NotUtf8Error:
        pass
    return builder.build(columns, mistakes.add)


def _lines(data: bytes, mistakes: Problems) -> Iterator[str]:
    for number, line in enumerate(BytesIO(data), start=1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            mistakes.add(number, "is not UTF-8; save the file as UTF-8")
            raise _NotUtf8Error from error


def _header(line: str, mistakes: Problems) -> _Header | None:
    """Return the columns and the delimiter of the first line, or None if it is not a header."""
    for delimiter in DELIMITERS:
        try:
            names = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            mistakes.add(1, _problem(error))
            return None
        columns = tuple(_name(name) for name in names)
        if len(columns) > 1 and ADDRESS_COLUMN in columns:
            return _Header(delimiter, columns) if _is_valid_header(columns, mistakes) else None
    # Without a header, this line is a user, so the message does not repeat it.
    mistakes.add(
        1,
        "must be a header that names the columns address, login and display_name, with commas, "
        "semicolons or tabs between them",
    )
    return None


def _name(text: str) -> str:
    name = text.strip()
    return name.lower() if name.lower() in _KNOWN else name


def _is_valid_header(columns: tuple[str, ...], mistakes: Problems) -> bool:
    if len(columns) > COLUMNS_MAX:
        mistakes.add(1, f"the header has more than {COLUMNS_MAX} columns")
        return False
    problems = []
    if LOGIN_COLUMN not in columns:
        problems.append(f"the header has no column {LOGIN_COLUMN}")
    lower = [name.lower() for name in columns]
    for number, name in enumerate(columns, start=1):
        if not name:
            problems.append(f"column {number} of the header has no name")
        elif lower.index(name.lower()) + 1 != number:
            problems.append(f"the header names the column {name!r} twice")
    for problem in problems:
        mistakes.add(1, problem)
    return not problems


def _read_users(
    lines: Iterator[str], header: _Header, builder: UserTableBuilder, mistakes: Problems
) -> None:
    addresses = AddressParser()
    width = len(header.columns)
    address_index = header.columns.index(ADDRESS_COLUMN)
    limited_columns = [
        (header.columns.index(name), name) for name in _KNOWN[1:] if name in header.columns
    ]
    for number, row in _rows(lines, header.delimiter, mistakes):
        if len(row) != width:
            mistakes.add(number, f"has {_cells(len(row))}, but the header has {width}")
            continue
        for column, name in limited_columns if sum(map(len, row)) > VALUE_MAX_CHARS else ():
            if len(row[column]) > VALUE_MAX_CHARS:
                mistakes.add(number, f"{name} is longer than {VALUE_MAX_CHARS} characters")
        try:
            address = addresses.canonical(row.pop(address_index))
        except AddressError as error:
            mistakes.add(number, f"address: {error}")
            continue
        builder.add(number, address, row)


def _rows(
    lines: Iterator[str], delimiter: str, mistakes: Problems
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line, without blank rows."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 2  # The header is the first line.
        try:
            row = next(reader)
        except csv.Error as error:
            mistakes.add(number, _problem(error))
            if _FIELD_TOO_LARGE in str(error):
                return  # The intended end of the text is not known.
            continue
        except StopIteration:
            return
        if len(row) > 1 or (row and row[0].strip()):
            yield number, row


def _problem(error: csv.Error) -> str:
    message = str(error)
    return next((text for part, text in _CSV_ERRORS.items() if part in message), "is not CSV")


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"
