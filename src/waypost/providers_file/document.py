"""Parse a file into plain data: bytes, then text, then TOML or JSON.

Other modules give the plain data its meaning.
"""

import io
import json
import re
from pathlib import Path
from typing import Final, Literal

from waypost.core.errors import ProvidersError, ProvidersUnreadable
from waypost.parsing.bounded_toml import TomlError, parse_toml
from waypost.parsing.strict_json import StrictJsonError, parse_strict_json
from waypost.runtime.regular_file import read_regular_file, reason_of

FileFormat = Literal["toml", "json"]

MAX_BYTES: Final = 64 * 1024 * 1024
NESTED_MAX: Final = 1_000_000
"""The largest number of lists and tables; each takes much more memory than its two brackets."""
ITEMS_MAX: Final = 4_000_000
"""The largest number of commas. No other thread runs while the library parses JSON."""
_HEADER: Final = re.compile(r"\s*\[\[\s*([A-Za-z0-9_-]+)\s*\]\]")


def read_watched_file(path: Path) -> bytes:
    """Read a whole file that Waypost reads again after each change: regular files only.

    Raises:
        ProvidersUnreadable: the operating system refuses to read the file.
        ProvidersError: the file is larger than `MAX_BYTES`.
    """
    try:
        return read_regular_file(path, MAX_BYTES)
    except OSError as error:
        raise ProvidersUnreadable([f"{path}: cannot be read: {reason_of(error)}"]) from error
    except ValueError as error:
        raise ProvidersError([f"{str(path)!r}: is not the path of a file"]) from error


def read_bytes(path: Path) -> bytes:
    """Read a whole file that is an argument of a command; the file may be a pipe.

    Raises:
        ProvidersError: the file cannot be read, or is larger than `MAX_BYTES`.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProvidersError([f"{path}: cannot be read: {reason}"]) from error
    except ValueError as error:
        raise ProvidersError([f"{str(path)!r}: is not the path of a file"]) from error
    return raw


def decode(raw: bytes, name: str) -> str:
    """Decode bytes to text.

    Args:
        raw: UTF-8, with or without a byte order mark.
        name: the name of the input in messages.

    Raises:
        ProvidersError: the bytes are too many, are not UTF-8, or contain a NUL character.
    """
    _check_size(raw, name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(name, raw.count(b"\n", 0, error.start) + 1) from error
    _check_no_nul(raw, name)
    return text


def check_text(raw: bytes, name: str) -> None:
    """Check bytes line by line, for a reader that does not need the whole text.

    Raises:
        ProvidersError: as `decode`.
    """
    _check_size(raw, name)
    for number, line in enumerate(io.BytesIO(raw), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            raise _not_utf8(name, number) from error
    _check_no_nul(raw, name)


def _check_size(raw: bytes, name: str) -> None:
    if len(raw) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise ProvidersError([f"{name}: is larger than {limit} MiB; split it into several files"])


def _check_no_nul(raw: bytes, name: str) -> None:
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        message = f"{name}: line {line}: contains a NUL character; the file is not UTF-8 text"
        raise ProvidersError([message])


def _not_utf8(name: str, line: int) -> ProvidersError:
    return ProvidersError([f"{name}: line {line}: is not UTF-8; save it as UTF-8"])


def guess_format(path: Path, text: str) -> FileFormat:
    """Return the format by the suffix of the file name, or else by the first character."""
    if path.suffix.lower() in {".json", ".toml"}:
        return "json" if path.suffix.lower() == ".json" else "toml"
    return "json" if text.lstrip()[:1] == "{" else "toml"


def parse(text: str, name: str, file_format: FileFormat) -> dict[str, object]:
    """Parse a text into plain data.

    Raises:
        ProvidersError: the syntax is wrong; the message has the line and the column.
    """
    if len(text) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise ProvidersError([f"{name}: is larger than {limit} MiB; split it into several files"])
    _check_counts(text, name)
    try:
        data = parse_toml(text).data if file_format == "toml" else parse_strict_json(text)
    except TomlError as error:
        column = "" if error.column is None else f", column {error.column}"
        position = f"line {error.line}{column}"
        raise ProvidersError([f"{name}: {position}: not TOML: {error.reason}"]) from error
    except StrictJsonError as error:
        raise ProvidersError([f"{name}: {error}"]) from error
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        raise ProvidersError([f"{name}: {position}: not JSON: {error.msg}"]) from error
    except RecursionError as error:
        raise ProvidersError([f"{name}: tables or lists are nested too deeply"]) from error
    except ValueError as error:
        # Python does not parse integers of more than 4300 digits.
        raise ProvidersError([f"{name}: not JSON: a number is too long"]) from error
    if not isinstance(data, dict):
        raise ProvidersError([f"{name}: the top level must be a table (an object in JSON)"])
    return data


def _check_counts(text: str, name: str) -> None:
    if text.count("[") + text.count("{") > NESTED_MAX:
        kind, limit = "lists and tables", NESTED_MAX
    elif text.count(",") > ITEMS_MAX:
        kind, limit = "commas", ITEMS_MAX
    else:
        return
    raise ProvidersError([f"{name}: has more than {limit:,} {kind}; split it into several files"])


def table_lines(text: str, data: dict[str, object]) -> dict[str, int]:
    """Return the lines on which the tables of a TOML text begin.

    Returns:
        The line, from 1, of each `[[key]]`, by its path, such as `key[0]`. A key is left out if
        its headers are not certain, for example if one of them is inside a multi-line string.
    """
    header_lines: dict[str, list[int]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            header_lines.setdefault(header[1], []).append(number)
    return {
        f"{key}[{index}]": number
        for key, numbers in header_lines.items()
        if isinstance(tables := data.get(key), list) and len(tables) == len(numbers)
        for index, number in enumerate(numbers)
    }
