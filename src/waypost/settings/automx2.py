"""automx2's own configuration file: INI, section `[automx2]`, read as automx2 2026.2 reads it."""

import re
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    Error,
    InterpolationError,
    MissingSectionHeaderError,
    ParsingError,
)
from pathlib import Path

from waypost.settings.sources import Found, Given, Origin, Source

SECTION = "automx2"
KEYS = ("loglevel", "db_echo", "db_uri", "proxy_count")


def from_automx2(path: Path, text: str) -> Found:
    """Read the four keys that automx2 knows; what automx2 passes over is a warning."""
    found = Found()
    parser = ConfigParser()
    try:
        parser.read_string(text)
    except Error as error:
        found.problems.append(_complaint(path, error))
        return found
    if not parser.has_section(SECTION):
        found.warnings.append(f"{path}: there is no section [{SECTION}], so nothing is set")
        return found
    for key in parser[SECTION]:
        place = f"{path}:{_line(text, key)}"
        if key in KEYS:
            value = _value(parser, key, place, found)
            found.given[key] = Given(value, Source(Origin.FILE, place), path.parent)
        elif key not in parser.defaults():  # what stands in [DEFAULT] is there to be referred to
            found.warnings.append(f"{place}: {key} is not an option of automx2 and is passed over")
    return found


def _value(parser: ConfigParser, key: str, place: str, found: Found) -> str:
    try:
        return parser.get(SECTION, key)
    except InterpolationError:
        # automx2 stops here: configparser wants `%%`. A URI with p%40ss in it is clear enough.
        found.warnings.append(f"{place}: {key} has a lone %, which is taken as it stands")
        return parser.get(SECTION, key, raw=True)


def _complaint(path: Path, error: Error) -> str:
    """Say what is wrong without repeating the line, which may hold a password."""
    match error:
        case DuplicateOptionError():
            return f"{path}:{error.lineno}: {error.option} is set twice"
        case DuplicateSectionError():
            return f"{path}:{error.lineno}: the section [{error.section}] stands there twice"
        case MissingSectionHeaderError():
            return f"{path}:{error.lineno}: this must stand below a line [{SECTION}]"
        case ParsingError() if error.errors:
            return f"{path}:{error.errors[0][0]}: neither a [section] nor a line of key = value"
    return f"{path}: not a configuration file"


def _line(text: str, key: str) -> int:
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\[([^]]+)\]", line.strip()):
            section = header[1]
        begins = re.match(rf"\s*{re.escape(key)}\s*[=:]", line, re.IGNORECASE)
        if begins and section in {SECTION, "DEFAULT"}:
            return number
    return 1
