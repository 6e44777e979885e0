"""Lines for a terminal or a pipe: wrapped to a width, coloured on a terminal only."""

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import typer

TEXT_MAX_CHARS: Final = 400
_WIDTH_MIN: Final = 20
# Of a terminal that does not say how wide it is.
_WIDTH_USUAL: Final = (80, 24)
_WIDE: Final = frozenset("WF")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line.

    Attributes:
        style: in the words of Rich, as `bold red`; empty for none. Pipes get none.
    """

    text: str
    style: str = ""


Line = tuple[Part, ...]


def clean(text: str) -> str:
    """Return a text that plays no tricks on a terminal; a server need not even send Unicode.

    Control characters, escape sequences, and characters that turn the direction of writing or
    cannot be seen become question marks; a very long text is cut.
    """
    shown = _visible(text)
    return shown if len(shown) <= TEXT_MAX_CHARS else f"{shown[:TEXT_MAX_CHARS]}…"


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


def width_of_terminal() -> int | None:
    """Return how many columns standard output has; None if it is no terminal."""
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size(_WIDTH_USUAL).columns, _WIDTH_MIN)


def show(lines: Iterable[Line]) -> None:
    """Write lines to standard output.

    Colours are for terminals alone, and not with NO_COLOR (no-color.org) or TERM=dumb.
    """
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        for line in lines:
            typer.echo(plain(line))
        return
    from rich.console import Console  # noqa: PLC0415 -- quick start
    from rich.text import Text  # noqa: PLC0415 -- quick start

    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((_visible(part.text), part.style) for part in line)))


def plain(line: Line) -> str:
    """Return the text of a line, as a terminal shows it."""
    return "".join(_visible(part.text) for part in line).rstrip()


def wrapped(text: str, width: int | None, first: int | None = None) -> Iterator[str]:
    """Break a text into lines that are no wider; a word that is too long is broken itself.

    Args:
        text: of one line.
        width: in columns; None for no limit.
        first: of the first line, if that is less; with too little room it stays empty.
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
    """Return how many columns a text takes; East Asian letters take two, and accents none."""
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1


def _head(word: str, width: int) -> str:
    """Return as much of a word as fits, and one letter at least."""
    taken = 0
    for place, char in enumerate(word):
        taken += _cells(char)
        if place and taken > width:
            return word[:place]
    return word


def hanging(
    first: Line, text: str, indent: int, width: int | None, style: str = ""
) -> Iterator[Line]:
    """Put a text behind the beginning of a line; its further lines are indented.

    Args:
        first: the beginning; it is not broken.
        text: what follows, on as many lines as it needs.
        indent: of the further lines.
        width: in columns; None for no limit.
        style: of the text.
    """
    if width is None:
        yield (*first, Part(text, style))
        return
    head = plain(first)
    if cells(head) > width:  # The beginning alone is too long.
        yield from ((Part(line, first[0].style),) for line in wrapped(head, width))
        yield from ((Part(" " * indent + line, style),) for line in wrapped(text, width - indent))
        return
    taken = sum(cells(part.text) for part in first)
    held = wrapped(text, width - indent, min(width - taken, width - indent))
    yield (*first, Part(next(held, ""), style))
    for line in held:
        yield Part(" " * indent), Part(line, style)
