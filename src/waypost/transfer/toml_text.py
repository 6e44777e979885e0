"""Plain data as TOML, laid out for people: one service a line (TOML 1.0.0)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_LINE_MAX_CHARS: Final = 100


def toml_text(data: Mapping[str, object]) -> Iterator[str]:
    """Write lists of tables, as `[[key]]` each, in parts that belong one behind the other.

    Args:
        data: lists of tables of texts, numbers, booleans, lists and tables of these. Of a
            long list only a part is in memory at a time, if the list makes its items itself.
    """
    between = ""
    for key, tables in data.items():
        # Without any table there is nothing to write but that there is none.
        if not isinstance(tables, list) or not tables:
            yield f"{between}{_key(key)} = []\n"
            between = "\n"
    for key, tables in data.items():
        for table in tables if isinstance(tables, list) else ():
            yield f"{between}[[{_key(key)}]]\n"
            yield from _lines(table)
            between = "\n"


def _lines(table: Mapping[str, object]) -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, list) and not _fits(key, value):
            yield f"{_key(key)} = [\n"
            yield from (f"  {_value(item)},\n" for item in value)
            yield "]\n"
        else:
            yield f"{_key(key)} = {_value(value)}\n"


def _fits(key: str, items: list[object]) -> bool:
    """Return whether a list can stand in one line; tables stand in a line each."""
    if len(items) > _LINE_MAX_CHARS or any(isinstance(item, dict) for item in items):
        return False
    return len(f"{_key(key)} = {_value(items)}") <= _LINE_MAX_CHARS


def _value(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = [f"{_key(key)} = {_value(item)}" for key, item in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(_value(item) for item in value)}]"
    message = f"TOML text cannot be made of {type(value).__name__}"
    raise TypeError(message)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # The escapes of JSON are escapes of TOML as well; TOML wants one more, for U+007F.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
