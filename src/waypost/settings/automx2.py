"""The configuration file of automx2: INI, section `[automx2]`, read as automx2 2026.2 reads it."""

import re
from collections import Counter
from collections.abc import Mapping
from configparser import (
    MAX_INTERPOLATION_DEPTH,
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    Error,
    InterpolationError,
    MissingSectionHeaderError,
    ParsingError,
)
from pathlib import Path
from typing import Final

from waypost.settings.sources import RawValue, Source, SourceContent, SourceKind

SECTION = "automx2"
KEYS = ("loglevel", "db_echo", "db_uri", "proxy_count")
WARNINGS_MAX: Final = 100
VALUE_MAX_CHARS: Final = 64 * 1024
_REFERENCE: Final = re.compile(r"%\(([^)]+)\)s")


def from_automx2(path: Path, text: str) -> SourceContent:
    """Read the four keys that automx2 supports; warn about keys that automx2 ignores."""
    content = SourceContent()
    parser = ConfigParser()
    try:
        parser.read_string(text)
    except Error as error:
        content.problems.append(_parse_error_message(path, error))
        return content
    if not parser.has_section(SECTION):
        content.warnings.append(f"{path}: there is no section [{SECTION}]; the file has no effect")
        return content
    lines = _lines(text)
    for key in parser[SECTION]:
        if len(content.warnings) == WARNINGS_MAX:
            content.warnings.append(f"{path}: has more keys that automx2 ignores")
        if len(content.warnings) > WARNINGS_MAX and key not in KEYS:
            continue
        location = f"{path}:{lines.get(key, 1)}"
        if key in KEYS:
            value = _value(parser, key, location, content)
            content.values[key] = RawValue(value, Source(SourceKind.FILE, location), path.parent)
        elif key not in parser.defaults():  # keys of [DEFAULT] are for references
            content.warnings.append(f"{location}: {key[:100]} is not an option of automx2; ignored")
    return content


def _value(parser: ConfigParser, key: str, location: str, content: SourceContent) -> str:
    if _expanded_chars(parser, key, MAX_INTERPOLATION_DEPTH) > VALUE_MAX_CHARS:
        content.problems.append(f"{location}: {key} is longer than {VALUE_MAX_CHARS} characters")
        return ""
    try:
        return parser.get(SECTION, key)
    except InterpolationError:
        # automx2 stops here, because configparser requires `%%`. A URI with p%40ss is clear enough.
        content.warnings.append(f"{location}: {key} has a single %; the value is used as it is")
        return parser.get(SECTION, key, raw=True)


def _expanded_chars(parser: ConfigParser, key: str, depth: int) -> int:
    """Return the minimum length of a value after its references are expanded.

    If each of ten keys contains a hundred references to the next key, the expansion never ends.
    """
    lengths: dict[str, int] = dict.fromkeys(parser[SECTION], 0)
    raw = {name: parser.get(SECTION, name, raw=True) for name in lengths}
    references = {name: Counter(_REFERENCE.findall(value.lower())) for name, value in raw.items()}
    for _ in range(depth):
        lengths = {
            name: len(value)
            + sum(
                lengths.get(reference, 0) * count for reference, count in references[name].items()
            )
            for name, value in raw.items()
        }
    return lengths[key]


def _parse_error_message(path: Path, error: Error) -> str:
    """Return the error without the line, which may contain a password."""
    match error:
        case DuplicateOptionError():
            return f"{path}:{error.lineno}: {error.option} is set twice"
        case DuplicateSectionError():
            return f"{path}:{error.lineno}: the section [{error.section}] occurs twice"
        case MissingSectionHeaderError():
            return f"{path}:{error.lineno}: this line must be below a line [{SECTION}]"
        case ParsingError() if error.errors:
            return f"{path}:{error.errors[0][0]}: is neither [section] nor key = value"
    return f"{path}: not a configuration file"


def _lines(text: str) -> Mapping[str, int]:
    """Return the line number of each key."""
    section = ""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\[([^]]+)\]", line.strip()):
            section = header[1]
        elif section in {SECTION, "DEFAULT"} and (key := re.match(r"\s*([^=:]*?)\s*[=:]", line)):
            lines.setdefault(key[1].lower(), number)
    return lines
