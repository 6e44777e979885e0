"""Arguments such as `port=993`: the keys of an object and their values."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from waypost.core.errors import InvalidObject

MAX_BYTES: Final = 1024 * 1024

Assignments = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE",
        help="Keys of a providers file with their values; an empty value removes the key, and "
        "@FILE reads the value from a file (@- from standard input).",
    ),
]


def parse_assignments(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the keys and values; None for a key that is removed.

    A value that is JSON, such as `993`, `true` or `["plain"]`, is that value; any other is a text.
    The content of a file is always a text, without its last line break.

    Raises:
        InvalidObject: all mistakes.
    """
    values: dict[str, Any] = {}
    mistakes: list[tuple[str, str]] = []
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals or not key:
            mistakes.append((argument, "must have the form KEY=VALUE, such as port=993"))
        elif key in values:
            mistakes.append((key, "is given twice"))
        else:
            try:
                values[key] = _value(text)
            except (OSError, ValueError) as error:
                mistakes.append((key, f"{text[1:]}: cannot be read: {error}"))
    if mistakes:
        raise InvalidObject(mistakes)
    return values


def without_removed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the keys that have a value."""
    return {key: value for key, value in values.items() if value is not None}


def _value(text: str) -> Any:  # noqa: ANN401 -- JSON
    if not text:
        return None
    if text == "@-":
        return sys.stdin.read(MAX_BYTES).removesuffix("\n")
    if text.startswith("@"):
        with Path(text[1:]).open(encoding="utf-8") as file:
            return file.read(MAX_BYTES).removesuffix("\n")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, float) or value is None else value


def _refuse(word: str) -> None:
    raise ValueError(word)
