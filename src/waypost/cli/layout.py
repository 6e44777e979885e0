"""Lines for a terminal or a pipe: wrapped to a width, coloured on a terminal only."""

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from waypost.core.text_rules import printable

TEXT_MAX_CHARS: Final = 400
_MIN_WIDTH: Final = 20
# Of a terminal that does not say how wide it is.
_DEFAULT_SIZE: Final = (80, 24)
_WIDE: Final = frozenset("WF")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line.

    Attributes:
        style: a style of Rich such as `bold red`; empty for none. Pipes get no styles.
    """

    text: str
    style: str = ""


Line = tuple[Part, ...]


def sanitize(text: str) -> str:
    """Return a text that is safe to show on a terminal.

    Control characters, escape sequences, bidirectional controls and invisible characters become
    question marks: the text may come from an untrusted server. A very long text is truncated.
    """
    shown = printable(text)
    return shown if len(shown) <= TEXT_MAX_CHARS else f"{shown[:TEXT_MAX_CHARS]}…"


def terminal_width() -> int | None:
    """Return how many columns standard output has; None if it is not a terminal."""
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size(_DEFAULT_SIZE).columns, _MIN_WIDTH)


def print_lines(lines: Iterable[Line]) -> None:
    """Write lines to standard output.

    Colours are only for terminals, and disabled by NO_COLOR (no-color.org) or TERM=dumb.
    """
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        for line in lines:
            typer.echo(plain_text(line))
        return
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((printable(part.text), part.style) for part in line)))


def plain_text(line: Line) -> str:
    """Return the text of a line, as a terminal shows it."""
    return "".join(printable(part.text) for part in line).rstrip()


def wrap(text: str, width: int | None, first: int | None = None) -> Iterator[str]:
    """Yield a text in lines of at most this width; words that are too long are split.

    Args:
        text: one line.
        width: in columns; None for no limit.
        first: the width of the first line, if it is smaller; if it is too small, the first line
            is empty.
    """
    if width is None:
        yield text
        return
    width = max(width, 1)
    available = width if first is None else first
    line = ""
    for word in text.split():
        rest = word
        if line and display_width(line) + 1 + display_width(rest) <= available:
            line = f"{line} {rest}"
            continue
        if line or available < min(display_width(rest), width):
            yield line
            available = width
        while display_width(rest) > available:
            start = _fitting_prefix(rest, available)
            yield start
            rest = rest[len(start) :]
            available = width
        line = rest
    if line:
        yield line


def display_width(text: str) -> int:
    """Return the width of a text in columns; East Asian letters are two wide, and accents none."""
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


def _fitting_prefix(word: str, width: int) -> str:
    """Return the start of a word that fits into the width, but at least one letter."""
    used = 0
    for index, char in enumerate(word):
        used += _char_width(char)
        if index and used > width:
            return word[:index]
    return word


def hanging_indent(
    first: Line, text: str, indent: int, width: int | None, style: str = ""
) -> Iterator[Line]:
    """Yield a text after the beginning of a line; the next lines are indented.

    Args:
        first: the beginning of the first line, which is not split.
        text: the rest, on as many lines as necessary.
        indent: the indent of the next lines.
        width: in columns; None for no limit.
        style: the style of the text.
    """
    if width is None:
        yield (*first, Part(text, style))
        return
    start = plain_text(first)
    if display_width(start) > width:  # The beginning alone is too wide.
        yield from ((Part(line, first[0].style),) for line in wrap(start, width))
        yield from ((Part(" " * indent + line, style),) for line in wrap(text, width - indent))
        return
    used = sum(display_width(part.text) for part in first)
    lines = wrap(text, width - indent, min(width - used, width - indent))
    yield (*first, Part(next(lines, ""), style))
    for line in lines:
        yield Part(" " * indent), Part(line, style)
