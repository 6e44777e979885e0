"""What commands say: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import typer

from waypost.errors import ProblemsError, WaypostError
from waypost.redaction import redact_message

FINDINGS: Final = 1
FAILED: Final = 1
WRONG: Final = 2


def group(about: str) -> typer.Typer:
    """Make a command that has commands."""
    return typer.Typer(
        help=about,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def say(text: str) -> None:
    """Write a line of the result; what a stranger wrote in it begins no other one."""
    typer.echo(_line(text))


def write_document(content: str | bytes) -> None:
    """Write a document to the byte, except to a terminal, which would obey what may be in it."""
    if sys.stdout.isatty():
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        typer.echo(printable(text), nl=False)
        return
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    typer.echo(data, nl=False)


def say_json(value: object) -> None:
    """Write a result for scripts; what a terminal would obey is escaped (RFC 8259 s7)."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if not text.replace("\n", "").isprintable():
        # All of it is inside of strings.
        signs = (sign if sign.isprintable() or sign == "\n" else _escaped(sign) for sign in text)
        text = "".join(signs)
    typer.echo(text)


def _escaped(sign: str) -> str:
    return json.dumps(sign)[1:-1]


def note(text: str) -> None:
    """Write a line that is no part of the result."""
    typer.echo(_line(text), err=True)


def warn(warnings: Iterable[str]) -> None:
    """Write warnings, one a line."""
    for warning in warnings:
        note(f"warning: {warning}")


def complain(error: WaypostError, secrets: Iterable[str] = ()) -> None:
    """Write each mistake that an error names, one a line.

    Args:
        error: what went wrong.
        secrets: texts that are masked.
    """
    problems = error.problems if isinstance(error, ProblemsError) else (str(error),)
    for problem in problems:
        note(f"error: {redact_message(' '.join(problem.splitlines()), secrets)}")


def _line(text: str) -> str:
    return printable(" ".join(text.splitlines()))


def printable(text: str) -> str:
    """Return a text that a terminal shows, and does not obey; line ends and tabs stay.

    Control characters, escape sequences, and characters that turn the direction of writing or
    cannot be seen become question marks: they may come from a document of a stranger.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def quantity(count: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: `1 domain`, `2 domains`, `1,000 domains`.

    Args:
        count: how many.
        noun: for one.
        nouns: for all other counts; by default the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield lines whose columns stand below each other, for people; all rows have as many cells."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()
