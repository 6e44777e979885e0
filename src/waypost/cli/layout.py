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

TEXT_MAX_CHARS: Final = 400
_WIDTH_MIN: Final = 20
# Of a terminal that does not say how wide it is.
_WIDTH_USUAL: Final = (80, 24)
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


def clean(text: str) -> str:
    """Return a text that is safe to show on a terminal.

    Control characters, escape sequences, bidirectional controls and invisible characters become
    question marks: the text may come from an untrusted server. A very long text is truncated.
    """
    shown = _visible(text)
    return shown if len(shown) <= TEXT_MAX_CHARS else f"{shown[:TEXT_MAX_CHARS]}…"


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


def width_of_terminal() -> int | None:
    """Return how many columns standard output has; None if it is not a terminal."""
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size(_WIDTH_USUAL).columns, _WIDTH_MIN)


def show(lines: Iterable[Line]) -> None:
    """Write lines to standard output.

    Colours are only for terminals, and disabled by NO_COLOR (no-color.org) or TERM=dumb.
    """
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        for line in lines:
            typer.echo(plain(line))
        return
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((_visible(part.text), part.style) for part in line)))


def plain(line: Line) -> str:
    """Return the text of a line, as a terminal shows it."""
    return "".join(_visible(part.text) for part in line).rstrip()


def wrapped(text: str, width: int | None, first: int | None = None) -> Iterator[str]:
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
    room = width if first is None else first
    line = ""
    for word in text.split():
        rest = word
        if line and cells(line) + 1 + cells(rest) <= room:
            line = f"{line} {rest}"
            continue
        if line or room < min(cells(rest), width):
            yield line
            room = width
        while cells(rest) > room:
            head = _head(rest, room)
            yield head
            rest = rest[len(head) :]
            room = width
        line = rest
    if line:
        yield line


def cells(text: str) -> int:
    """Return the width of a text in columns; East Asian letters are two wide, and accents none."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


def _head(word: str, width: int) -> str:
    """Return the start of a word that fits into the width, but at least one letter."""
    taken = 0
    for place, char in enumerate(word):
        taken += _cells(char)
        if place and taken > width:
            return word[:place]
    return word


def hanging(
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
    head = plain(first)
    if cells(head) > width:  # The beginning alone is too wide.
        yield from ((Part(line, first[0].style),) for line in wrapped(head, width))
        yield from ((Part(" " * indent + line, style),) for line in wrapped(text, width - indent))
        return
    taken = sum(cells(part.text) for part in first)
    held = wrapped(text, width - indent, min(width - taken, width - indent))
    yield (*first, Part(next(held, ""), style))
    for line in held:
        yield Part(" " * indent), Part(line, style)
