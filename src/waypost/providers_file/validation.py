"""Read plain data, and report every mistake with its path; no mistake stops the reading."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from waypost.core.errors import ProvidersError, ProvidersUnreadable
from waypost.core.model import Catalog
from waypost.providers_file.validators import RuleBroken, check_text, unknown_placeholder

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


class Table:
    """One table of the input, with its path.

    The methods that read a key return None if the key is absent. They also return None if the
    value is wrong, and then they report the mistake. `in` checks whether a key is present.
    """

    def __init__(self, report: Mistakes, path: str, data: Mapping[str, object]) -> None:
        """Create a table from plain data."""
        self.report = report
        self.path = path
        self._data = data

    def with_defaults(self, defaults: Mapping[str, object]) -> "Table":
        """Return a table at the same path, with these values for the keys that it lacks."""
        return Table(self.report, self.path, {**defaults, **self._data}) if defaults else self

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def at(self, key: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> object:
        """Return a value as it is."""
        return self._data.get(key)

    def keys(self) -> Iterator[str]:
        """Return all keys, in order."""
        return iter(self._data)

    def problem(self, key: str, rule: str) -> None:
        """Report a mistake at a key; at the table itself if the key is empty."""
        self.report.problem(self.at(key) if key else self.path, rule)

    def warn(self, key: str, text: str) -> None:
        """Report a warning at a key; at the table itself if the key is empty."""
        self.report.warn(self.at(key) if key else self.path, text)

    def require(self, *keys: str) -> bool:
        """Report each missing key; return whether all keys are present."""
        missing = [key for key in keys if key not in self._data]
        for key in missing:
            self.problem(key, "is missing")
        return not missing

    def unknown(self, known: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield each unknown key, with a text that names the most similar known key.

        After the first `_NEAREST_MAX` unknown keys, the text lists all known keys instead, because
        the search for the most similar key is slow.
        """
        unknown = 0
        for key in self._data:
            if key not in known:
                unknown += 1
                is_one_of_many = unknown > _NEAREST_MAX
                end = _all_of(known) if is_one_of_many else nearest(key, known)
                yield key, f"unknown key{end}"

    def refuse_unknown(self, known: Sequence[str]) -> None:
        """Report a mistake for each unknown key."""
        for key, rule in self.unknown(known):
            self.problem(_shown_key(key), rule)

    def text(self, key: str, max_chars: int, *, may_be_empty: bool = False) -> str | None:
        """Read a string of at most `max_chars` characters, without control characters."""
        if key not in self._data:
            return None
        value = self._data[key]
        if not isinstance(value, str):
            self.problem(key, f"must be a string, not {kind(value)}")
            return None
        try:
            return check_text(value, max_chars, may_be_empty=may_be_empty)
        except RuleBroken as broken:
            self.problem(key, str(broken))
            return None

    def integer(self, key: str, low: int, high: int) -> int | None:
        """Read a whole number from `low` to `high`."""
        if key not in self._data:
            return None
        value = self._data[key]
        if isinstance(value, bool) or not isinstance(value, int):
            self.problem(key, f"must be a whole number from {low} to {high}, not {kind(value)}")
            return None
        if not low <= value <= high:
            self.problem(key, f"must be a whole number from {low} to {high}")
            return None
        return value

    def number(self, key: str, low: float, high: float) -> float | None:
        """Read a number from `low` to `high`, an integer or not."""
        if key not in self._data:
            return None
        value = self._data[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(key, f"must be a number from {low} to {high}, not {kind(value)}")
            return None
        if not low <= value <= high:  # NaN is in no range.
            self.problem(key, f"must be a number from {low} to {high}")
            return None
        return float(value)

    def flag(self, key: str) -> bool | None:
        """Read true or false."""
        if key not in self._data:
            return None
        value = self._data[key]
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, not {kind(value)}")
            return None
        return value

    def items(self, key: str) -> list[tuple[str, object]]:
        """Read a list: each value with its path relative to this table, such as `domains[0]`."""
        if key not in self._data:
            return []
        value = self._data[key]
        if not isinstance(value, list):
            self.problem(key, f"must be a list, not {kind(value)}")
            return []
        return [(f"{key}[{index}]", item) for index, item in enumerate(value)]

    def tables(self, key: str) -> list["Table"]:
        """Read a list of tables."""
        found = []
        for at, item in self.items(key):
            if isinstance(item, dict):
                found.append(Table(self.report, self.at(at), item))
            else:
                self.problem(at, f"must be a table, not {kind(item)}")
        return found

    def table(self, key: str) -> "Table | None":
        """Read a table in this table."""
        if key not in self._data:
            return None
        value = self._data[key]
        if isinstance(value, dict):
            return Table(self.report, self.at(key), value)
        self.problem(key, f"must be a table, not {kind(value)}")
        return None


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the end of a message: the known word most similar to `word`, or all known words."""
    # The comparison of a huge key would be slow.
    close = get_close_matches(word, known, n=1) if len(word) <= 100 else []
    return f"; did you mean {close[0]}?" if close else _all_of(known)


def _all_of(known: Sequence[str]) -> str:
    return f"; use one of {', '.join(known)}"


def kind(value: object) -> str:
    """Return the type of a TOML or JSON value, in words for messages."""
    return _KINDS.get(type(value), "a date or a time")


def _shown_key(key: str) -> str:
    """Return a key in a form that fits on one line of a message."""
    plain = key.isascii() and key.replace("-", "_").isidentifier() and len(key) <= 100
    return key if plain else repr(key[:100])


def warn_of_placeholder(table: Table, key: str, text: str) -> None:
    """Warn of a word that looks like a placeholder; clients would receive it unchanged."""
    if unknown := unknown_placeholder(text):
        table.warn(key, f"{unknown} is not a placeholder; clients receive it unchanged")
