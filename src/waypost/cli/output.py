"""Output of commands: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import typer

from waypost.core.errors import ProblemsError, WaypostError
from waypost.core.redaction import redact_message

EXIT_FINDINGS: Final = 1
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2

Progress = Callable[[str, int, int], None]
"""A function for progress; its arguments are the activity, the count and the total."""


def print_line(text: str) -> None:
    """Write a line of the result; line breaks in untrusted text become spaces."""
    typer.echo(_one_line(text))


def write_document(content: str | bytes) -> None:
    """Write a document byte for byte, but without control characters if it goes to a terminal."""
    if sys.stdout.isatty():
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        typer.echo(printable(text), nl=False)
        return
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    typer.echo(data, nl=False)


def print_json(value: object) -> None:
    """Write a result for scripts; control characters are escaped (RFC 8259 s7)."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if not text.replace("\n", "").isprintable():
        # Such characters occur only inside strings.
        chars = (char if char.isprintable() or char == "\n" else _escaped(char) for char in text)
        text = "".join(chars)
    typer.echo(text)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]


def print_stderr(text: str) -> None:
    """Write a line to standard error, because it is not part of the result."""
    typer.echo(_one_line(text), err=True)


def print_warnings(warnings: Iterable[str]) -> None:
    """Write warnings, one per line."""
    for warning in warnings:
        print_stderr(f"warning: {warning}")


def print_error(error: WaypostError, secrets: Iterable[str] = ()) -> None:
    """Write all mistakes of an error, one per line.

    Args:
        error: the error.
        secrets: texts that are masked.
    """
    problems = error.problems if isinstance(error, ProblemsError) else (str(error),)
    for problem in problems:
        print_stderr(f"error: {redact_message(' '.join(problem.splitlines()), secrets)}")


def _one_line(text: str) -> str:
    return printable(" ".join(text.splitlines()))


def printable(text: str) -> str:
    """Return a text that is safe to show on a terminal; line ends and tabs stay.

    Control characters, escape sequences, bidirectional controls and invisible characters become
    question marks: they may come from an untrusted document.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def in_chunks(texts: Iterator[str]) -> Iterator[str]:
    """Yield the same text in fewer and longer parts."""
    while part := "".join(islice(texts, 10_000)):
        yield part


def quantity(count: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: `1 domain`, `2 domains`, `1,000 domains`.

    Args:
        count: how many.
        noun: for one.
        nouns: for other counts; by default the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def print_rows(rows: Sequence[Sequence[str]], if_empty: str) -> None:
    """Print rows with aligned columns, or say on standard error that there are none.

    Args:
        rows: all with the same number of cells.
        if_empty: what is said if there are none, with the next step.
    """
    if not rows:
        print_stderr(if_empty)
    for line in align_columns(rows):
        print_line(line)


def align_columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as lines with aligned columns; all rows have the same number of cells."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()
