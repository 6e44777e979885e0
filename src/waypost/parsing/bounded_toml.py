"""Parse TOML within limits (TOML 1.0.0); Waypost parses all TOML here.

The parser of the standard library needs memory that grows with the square of the number of parts
of a dotted key, and hundreds of bytes for each table that it remembers. So Waypost checks a text
against limits before it parses the text.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

KEY_PARTS_MAX: Final = 16
"""The largest number of parts of a dotted key or of the name of a table."""
DEPTH_MAX: Final = 64
"""The deepest nesting of lists and inline tables."""
WORD_MAX_CHARS: Final = 1000
"""The longest key without quotation marks, number or date."""
TABLES_MAX: Final = 20_000
"""The largest number of tables that the parser remembers until the end.

Elements of one list of tables do not count: the parser forgets each one at the next `[[...]]`.
"""
_REASON_MAX_CHARS: Final = 200
_LINES_MAX: Final = 20_000

_TEXT: Final = r""" "(?:[^"\\\n]++|\\.)*+" | '[^'\n]*+' """
_PART: Final = re.compile(rf"[A-Za-z0-9_+:-]++ | {_TEXT}", re.VERBOSE)
_TOKEN: Final = re.compile(
    rf"""
      (?P<long> \"""(?:[^"\\]++ | \\[\s\S] | "(?!""))*+\"""\"{{0,2}}
              | '''(?:[^']++ | '(?!''))*+'''\'{{0,2}} )
    | (?P<items> (?: [ \t]* (?: "[^"\\\n]*+"(?!") | '[^'\n]*+'(?!') ) [ \t]* ,
                 [ \t\r\n]*+ ){{1,1000}}+ )
    | (?P<pair> [A-Za-z0-9_-]++ (?= [ \t]*= ) [ \t]* = [ \t]*
                (?: "[^"\\\n]*+"(?!") | [0-9]++ | true | false ) (?= [ \t\r]*[\n,}}] ) [ \t\r,]*+ )
    | (?P<words> (?: [A-Za-z0-9_+:-]++ | {_TEXT} )
                 (?P<more> (?: [ \t]*\.[ \t]* (?: [A-Za-z0-9_+:-]++ | {_TEXT} ) )*+ ) )
    | (?P<lines> (?: \n[ \t\r\n]*+ | \A[ \t]*+(?=\[) ) (?P<header> \[\[? )? )
    | (?P<blank> [ \t\r,]++ | \#[^\n]*+ )
    | (?P<equals> = )
    | (?P<open> [\[{{] )
    | (?P<close> [\]}}] [ \t\r,]*+ )
    | (?P<other> [\s\S] )
    """,
    re.VERBOSE,
)
_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class TomlError(ValueError):
    """A text is not TOML, or exceeds a limit.

    Attributes:
        reason: the broken rule.
        line: the line of the mistake, from 1.
        column: the column of the mistake, from 1; None at the end of the text.
    """

    def __init__(self, reason: str, line: int, column: int | None = None) -> None:
        """Create an error with its reason and its place."""
        super().__init__(f"line {line}: {reason}")
        self.reason = reason
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Toml:
    """A parsed text.

    Attributes:
        data: plain data.
        lines: the line, from 1, where each key and each table of the top level first begins; only
            the first ones if there are very many.
    """

    data: dict[str, object]
    lines: Mapping[str, int]


def parse_toml(text: str, *, tables_max: int = TABLES_MAX) -> Toml:
    """Parse a text.

    Args:
        text: the whole file.
        tables_max: the largest number of tables outside of lists of tables.

    Raises:
        TomlError: the text is not TOML, or exceeds a limit; the error is the first mistake.
    """
    scan = _Scan(text, tables_max)
    scan.check()
    try:
        return Toml(tomllib.loads(text), scan.lines)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), text) from error
    except RecursionError as error:
        raise TomlError("tables or lists are nested too deeply", 1) from error
    except ValueError as error:
        # Python does not parse integers of more than 4300 digits.
        raise TomlError("a number is too long", 1) from error


def _syntax_error(message: str, text: str) -> TomlError:
    position_match = _AT.search(message)
    reason = message[: position_match.start()] if position_match else message
    if len(reason) > _REASON_MAX_CHARS:
        reason = f"{reason[:_REASON_MAX_CHARS]}..."
    if position_match is None or position_match[1] is None:
        return TomlError(reason, text.count("\n") + 1)
    return TomlError(reason, int(position_match[1]), int(position_match[2]))


class _Scan:
    """A check of a text from its beginning to its end, or to the first syntax error."""

    def __init__(self, text: str, tables_max: int) -> None:
        self.lines: dict[str, int] = {}
        self._text = text
        self._tables_max = tables_max
        self._line, self._counted_to = 1, 0
        self._open: list[int] = []  # The number of tables so far in each open bracket.
        self._list = ""  # The first part of the name of the last list of tables.
        self._table = ""  # The first part of the name of the current table.
        self._in_element = self._outside = 0  # Tables in an element of the list, and others.

    def check(self) -> None:
        """Check the limits.

        Raises:
            TomlError: the text exceeds a limit.
        """
        header = ""  # The brackets of a header whose name comes next.
        value = False  # Whether the next token is a value.
        for token in _TOKEN.finditer(self._text):
            kind = token.lastgroup
            if kind == "other":
                return  # A syntax error, which the parser reports.
            if kind == "blank":
                continue
            if kind == "words":
                self._words(token, header, is_value=value)
            elif kind == "pair":
                self._pair(token)
            elif kind == "close":
                del self._open[-1:]
            elif kind == "open" or self._open:
                self._enter(token, is_value=value)
            header = (token["header"] or "") if kind == "lines" and not self._open else ""
            value = kind == "equals"

    def _words(self, token: re.Match[str], header: str, *, is_value: bool) -> None:
        parts = self._parts(token)
        if header:
            self._header(parts, token.start(), is_list=header == "[[")
        elif not is_value and not self._open:
            self._key(parts, token.start())

    def _pair(self, token: re.Match[str]) -> None:
        if not self._table and not self._open:
            self._record_line(token[0].partition("=")[0].rstrip(), token.start())

    def _parts(self, token: re.Match[str]) -> list[str]:
        text = token["words"]
        parts = _PART.findall(text) if token["more"] else [text]
        if len(parts) > KEY_PARTS_MAX:
            self._refuse(f"a key has more than {KEY_PARTS_MAX} parts", token.start())
        if len(text) > WORD_MAX_CHARS and any(
            len(part) > WORD_MAX_CHARS and part[0] not in "\"'" for part in parts
        ):
            rule = f"a key or a number is longer than {WORD_MAX_CHARS} characters"
            self._refuse(rule, token.start())
        return parts

    def _header(self, parts: list[str], position: int, *, is_list: bool) -> None:
        self._record_line(parts[0], position)
        first = self._table = parts[0]
        if is_list and first != self._list:
            self._list, self._in_element = first, 0
            self._outside += len(parts)
            self._check_count(self._outside, position)
        elif is_list and len(parts) == 1:
            self._in_element = 0
        else:
            self._count(len(parts), position)

    def _key(self, parts: list[str], position: int) -> None:
        if not self._table:
            self._record_line(parts[0], position)
        self._count(len(parts) - 1, position)

    def _enter(self, token: re.Match[str], *, is_value: bool) -> None:
        brackets = token["open"] or token["header"] or ""
        position = token.end() - len(brackets)
        if is_value and self._open:
            self._open[-1] += 1
            self._check_count(self._open[-1], position)
        elif is_value:
            self._count(1, position)
        self._open += [0] * len(brackets)
        if len(self._open) > DEPTH_MAX:
            self._refuse("tables or lists are nested too deeply", position)

    def _count(self, tables: int, position: int) -> None:
        if self._table and self._table == self._list:
            self._in_element += tables
            self._check_count(self._in_element, position)
        else:
            self._outside += tables
            self._check_count(self._outside, position)

    def _check_count(self, tables: int, position: int) -> None:
        if tables > self._tables_max:
            self._refuse(f"there are more than {self._tables_max} tables", position)

    def _record_line(self, part: str, position: int) -> None:
        name = part[1:-1] if part[0] in "\"'" else part
        if name not in self.lines and len(self.lines) < _LINES_MAX:
            self.lines[name] = self._line_of(position)

    def _line_of(self, position: int) -> int:
        self._line += self._text.count("\n", self._counted_to, position)
        self._counted_to = position
        return self._line

    def _refuse(self, rule: str, position: int) -> NoReturn:
        line = self._line_of(position)
        column = position - self._text.rfind("\n", 0, position)
        raise TomlError(rule, line, column)
