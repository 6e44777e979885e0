"""Write plain data as TOML that is easy to read: one service on each line (TOML 1.0.0)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_LINE_MAX_CHARS: Final = 100


def toml_text(data: Mapping[str, object]) -> Iterator[str]:
    """Yield the text of lists of tables, each table as `[[key]]`, in parts.

    Args:
        data: lists of tables of strings, numbers, booleans, lists and tables of these. If a long
            list creates its items in each iteration, only a part of it is in memory at a time.
    """
    between = ""
    for key, tables in data.items():
        # A list without tables is written as an empty list.
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
    """Return whether a list fits on one line; each table has its own line."""
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
    message = f"cannot write a {type(value).__name__} as TOML"
    raise TypeError(message)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # The escapes of JSON are also escapes of TOML; TOML requires one more, for U+007F.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
