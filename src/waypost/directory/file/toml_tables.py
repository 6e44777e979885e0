"""A TOML file of users: one table per user, named by the address."""

import re
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Final

from waypost.core.errors import AddressError
from waypost.directory.entries import DISPLAY_NAME_COLUMN, LOGIN_COLUMN, VALUE_MAX_CHARS
from waypost.directory.file.addresses import AddressParser
from waypost.directory.file.csv_lines import COLUMNS_MAX
from waypost.directory.file.problems import Problems
from waypost.directory.file.user_table import VALUE_SEPARATOR, UserTable, UserTableBuilder
from waypost.parsing.bounded_toml import TomlError, parse_toml

# Reading 4 MiB of TOML takes seconds; a CSV file of this size takes a fraction of a second.
TOML_MAX_BYTES: Final = 4 * 1024 * 1024
TABLES_MAX: Final = 200_000
_TEXTS: Final = (LOGIN_COLUMN, DISPLAY_NAME_COLUMN)
_KEY: Final = r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'|[A-Za-z0-9_-]+"
_HEADER: Final = re.compile(rf"^[ \t]*\[[ \t]*({_KEY})[ \t]*\][ \t]*(?:#.*)?$", re.MULTILINE)
_UNQUOTED: Final = re.compile(r"[ \t]*\[[^\"'\]]*@")
_DUPLICATE_MESSAGE: Final = re.compile(r"Cannot |Duplicate ")
_SIMPLE_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_;-]{0,63}")
# TOML's escapes can produce characters that a text must not contain.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_toml(raw: bytes, mistakes: Problems) -> UserTable:
    """Read the users of a TOML file; each mistake is reported.

    Args:
        raw: the whole file: tables such as `["alice@example.com"]` with `login`,
            `display_name` and further keys, which are texts or lists of texts.
        mistakes: collects the mistakes.
    """
    builder = UserTableBuilder()
    text = _text(raw, mistakes)
    data = _data(text, mistakes) if text is not None else {}
    columns = _Columns()
    addresses = AddressParser()
    lines = _table_lines(text or "", data)
    for index, (key, table) in enumerate(data.items()):
        line = lines[index] if lines else 0
        # If the line is not known, the message numbers the table.
        prefix = "" if line else f"table {index + 1}: "
        try:
            address = addresses.canonical(key)
        except AddressError as error:
            mistakes.add(line, f"{prefix}the name of a table must be an address: {error}")
            continue
        if not isinstance(table, dict):
            mistakes.add(line, f'{prefix}must be a table: ["ADDRESS"] alone on a line')
            continue
        problems: list[str] = []
        cells = columns.cells(table, problems)
        for problem in problems:
            mistakes.add(line, f"{prefix}{problem}")
        builder.add(line, address, cells)
    return builder.build(columns.names, mistakes.add)


class _Columns:
    """The keys of all tables, in the order of their first use."""

    def __init__(self) -> None:
        self.names = [LOGIN_COLUMN, DISPLAY_NAME_COLUMN]
        self._indexes = {name: index for index, name in enumerate(self.names)}

    def cells(self, table: Mapping[str, object], problems: list[str]) -> Sequence[str]:
        """Return the values of a table as cells, and add its mistakes to a list."""
        cells: list[str] = list(repeat("", len(self.names)))
        for key, value in table.items():
            shown_key = key if _SIMPLE_KEY.fullmatch(key) else "a key"
            index = self._indexes.setdefault(key.lower(), len(self.names))
            if index == COLUMNS_MAX:
                problems.append(f"{shown_key} is above the limit of {COLUMNS_MAX} different keys")
                del self._indexes[key.lower()]
                continue
            if index == len(self.names):
                self.names.append(key)
            cells += repeat("", index + 1 - len(cells))
            if cells[index]:
                problems.append(f"{shown_key} appears twice")
            cells[index] = _cell(key.lower(), shown_key, value, problems)
        return cells


def _cell(key: str, shown_key: str, value: object, problems: list[str]) -> str:
    values = value if isinstance(value, list) and key not in _TEXTS else [value]
    texts = [item for item in values if isinstance(item, str)]
    if len(texts) < len(values):
        rule = "a text" if key in _TEXTS else "a text or a list of texts"
        problems.append(f"{shown_key} must be {rule}")
    if any(_CONTROL.search(text) for text in texts):
        problems.append(f"{shown_key} contains a control character")
        return ""
    if key in _TEXTS and any(len(text) > VALUE_MAX_CHARS for text in texts):
        problems.append(f"{shown_key} is longer than {VALUE_MAX_CHARS} characters")
    return VALUE_SEPARATOR.join(texts)


def _text(raw: bytes, mistakes: Problems) -> str | None:
    if len(raw) > TOML_MAX_BYTES:
        limit = TOML_MAX_BYTES // 1024 // 1024
        mistakes.add(0, f"is larger than {limit} MiB; use CSV for so many users")
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        mistakes.add(line, "is not UTF-8; save the file as UTF-8")
        return None


def _data(text: str, mistakes: Problems) -> dict[str, object]:
    try:
        return parse_toml(text, tables_max=TABLES_MAX).data
    except TomlError as error:
        mistakes.add(*_problem(error.reason, error.line, text))
    return {}


def _problem(message: str, line: int, text: str) -> tuple[int, str]:
    """Return the line and its mistake; the parser's own message may name a user."""
    on_line = text.split("\n")[line - 1]
    if _UNQUOTED.match(on_line):
        return line, 'an address must be in quotation marks, as ["alice@example.com"]'
    if not _DUPLICATE_MESSAGE.match(message):
        return line, f"not TOML: {message}"
    header = _HEADER.match(on_line)
    if header is None:
        return line, "not TOML: a key appears twice"
    duplicates = (duplicate for duplicate in _HEADER.finditer(text) if duplicate[1] == header[1])
    first = next((text.count("\n", 0, duplicate.start(1)) + 1 for duplicate in duplicates), line)
    location = f"on line {first}" if first < line else "further up"
    return line, f"the address is also {location}; write one table for each address"


def _table_lines(text: str, data: Mapping[str, object]) -> Sequence[int]:
    """Return the line of each table, or no line if the lines are not certain."""
    lines = []
    line, last = 1, 0
    for header in _HEADER.finditer(text):
        line += text.count("\n", last, header.start(1))
        last = header.start(1)
        lines.append(line)
    return lines if len(lines) == len(data) else ()
