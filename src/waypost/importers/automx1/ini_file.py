"""Parse the INI file of automx 1.x into sections and keys, with their lines, in bounded time."""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from waypost.core.errors import ProvidersError

MAX_CHARS: Final = 4 * 1024 * 1024
"""automx's own sample has 8 KB; a list of 50,000 domains has 1 MB."""
_HEADER: Final = re.compile(r"\s*\[(?P<name>[^\]]+)\]")
_KEY: Final = re.compile(r"(?P<key>[^\s=:#;\[][^=:]*)[=:]")


@dataclass(frozen=True, slots=True)
class Automx1File:
    """A parsed file.

    Attributes:
        parser: contains the sections and keys.
        lines: the line of each section (with an empty key) and of each key; of duplicates the
            last line.
    """

    parser: configparser.RawConfigParser
    lines: Mapping[tuple[str, str], int]


def parse_automx1(text: str, *, name: str) -> Automx1File:
    """Parse the text of a file.

    Raises:
        ProvidersError: the text is too long, or is not an INI file. The message has the number of
            the line, but not the line itself, because the line may contain a password.
    """
    if len(text) > MAX_CHARS:
        limit = f"{MAX_CHARS // 1024 // 1024} million characters"
        raise ProvidersError([f"{name}: has more than {limit}; split it into several files"])
    parser = _Parser()
    try:
        parser.read_text(text)
    except configparser.MissingSectionHeaderError as error:
        why = "not an INI file: there is no [section] above this line"
        raise ProvidersError([f"{name}: line {parser.line}: {why}"]) from error
    except (configparser.Error, _BadLine) as error:
        why = "not an INI file: the line must be [SECTION], KEY = VALUE, or begin with # or ;"
        raise ProvidersError([f"{name}: line {parser.line}: {why}"]) from error
    return Automx1File(parser, _lines(text))


class _BadLine(ValueError):
    """A line is neither a header nor a key with a value."""


class _Parser(configparser.RawConfigParser):
    """A parser that stops at the first bad line.

    The parser of the standard library collects all bad lines, and searches for the end of a key
    from each of its spaces: the time of both grows with the square of the length of the text.
    """

    # The key with the = or : after it, which `optionxform` removes. It matches any line.
    OPTCRE = re.compile(r"(?P<option>[^=:]*(?P<vi>[=:]?))(?P<value>.*)")

    def __init__(self) -> None:
        super().__init__(strict=False, comment_prefixes=("#", ";"), inline_comment_prefixes=None)
        self.line = 0
        self._is_reading = False

    def read_text(self, text: str) -> None:
        """Parse a text; raise _BadLine or configparser.Error at its first bad line."""
        self._is_reading = True
        self.read_file(self._numbered_lines(text))
        self._is_reading = False

    def _numbered_lines(self, text: str) -> Iterator[str]:
        for self.line, line in enumerate(text.split("\n"), start=1):
            yield f"{line}\n"

    def optionxform(self, optionstr: str) -> str:
        """Return a key in lower case; raise _BadLine if no = or : follows it in the file."""
        if not self._is_reading:
            return optionstr.lower()
        key = optionstr[:-1].rstrip()
        if not key or optionstr[-1] not in "=:":
            raise _BadLine
        return key.lower()


def _lines(text: str) -> Mapping[tuple[str, str], int]:
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            section = header["name"]
            lines[section, ""] = number
        elif key := _KEY.match(line):
            lines[section, key["key"].rstrip().lower()] = number
    return lines
