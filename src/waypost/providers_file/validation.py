"""The mistakes of an input, each with its path, and the words of their messages."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from waypost.core.errors import ProvidersError, ProvidersUnreadable
from waypost.core.model import Catalog

MAX_PROBLEMS: Final = 1000
_NEAREST_MAX: Final = 100
_KINDS: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number with a fraction",
    str: "a string",
    list: "a list",
    dict: "a table",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A catalog, with warnings for the operator about values that are valid but unusual.

    Attributes:
        warnings: one line each, `FILE: path: text`.
    """

    catalog: Catalog
    warnings: tuple[str, ...]


class Mistakes:
    """The mistakes and the warnings of one input."""

    def __init__(self, name: str, lines: Mapping[str, int] | None = None) -> None:
        """Create an empty report.

        Args:
            name: the name of the input in messages, usually the path of a file.
            lines: the line on which each table begins, for example that of `provider[3]`.
        """
        self._name = name
        self._lines = lines or {}
        # Inherited keys are read once for each provider; their mistakes are reported only once.
        self._problems: dict[str, None] = {}
        self._more = 0
        self._warnings: dict[str, None] = {}
        self._unreadable = False

    def problem(self, path: str, rule: str) -> None:
        """Report a mistake at a path such as `provider[0].domains[2]`; "" is the whole input."""
        self._note(self._line(path, rule))

    def problem_in(self, path: Path, line: int, rule: str) -> None:
        """Report a mistake on a line of another file that belongs to the input."""
        self._note(f"{path}: line {line}: {rule}")

    def unreadable(self, path: Path, rule: str) -> None:
        """Report another file of the input that the operating system refuses to read."""
        self._unreadable = True
        self._note(f"{path}: {rule}")

    def warn(self, path: str, text: str) -> None:
        """Report a value that is valid, but perhaps not intended."""
        self._warnings.setdefault(self._line(path, text))

    def result(self, catalog: Catalog) -> ReadResult:
        """Return the result of an input without mistakes.

        Raises:
            ProvidersUnreadable: all mistakes; at least one of them is a file that cannot be read.
            ProvidersError: all mistakes, if there are any.
        """
        if self._problems:
            shown = list(self._problems)
            if self._more:
                shown.append(f"{self._name}: and {self._more} more mistakes")
            raise ProvidersUnreadable(shown) if self._unreadable else ProvidersError(shown)
        return ReadResult(catalog, tuple(self._warnings))

    def _note(self, line: str) -> None:
        if line in self._problems or len(self._problems) < MAX_PROBLEMS:
            self._problems.setdefault(line)
        else:
            self._more += 1

    def _line(self, path: str, text: str) -> str:
        line = self._lines.get(path.partition(".")[0])
        where = f" (this {path.partition('[')[0]} begins on line {line})" if line else ""
        return f"{self._name}: {path}: {text}{where}" if path else f"{self._name}: {text}"


def unknown_keys(data: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each unknown key, with a text that names the most similar known key.

    After the first `_NEAREST_MAX` unknown keys, the text lists all known keys instead, because the
    search for the most similar key is slow.
    """
    unknown = 0
    for key in data:
        if key not in known:
            unknown += 1
            is_one_of_many = unknown > _NEAREST_MAX
            end = _all_of(known) if is_one_of_many else did_you_mean(key, known)
            yield key, f"unknown key{end}"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return the end of a message: the known word most similar to `word`, or all known words."""
    # The comparison of a huge key would be slow.
    close = get_close_matches(word, known, n=1) if len(word) <= 100 else []
    return f"; did you mean {close[0]}?" if close else _all_of(known)


def _all_of(known: Collection[str]) -> str:
    return f"; use one of {', '.join(known)}"


def type_name(value: object) -> str:
    """Return the type of a TOML or JSON value, in words for messages."""
    return _KINDS.get(type(value), "a date or a time")


def printable_key(key: str) -> str:
    """Return a key in a form that fits on one line of a message."""
    plain = key.isascii() and key.replace("-", "_").isidentifier() and len(key) <= 100
    return key if plain else repr(key[:100])
