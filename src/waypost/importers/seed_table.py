"""Read the tables of automx2's seeds, and report every mistake with its path."""

from collections.abc import Iterator, Mapping, Sequence

from waypost.providers_file.validation import Mistakes, type_name, unknown_keys
from waypost.providers_file.validators import (
    HOST_MAX_CHARS,
    RuleBroken,
    check_host,
    check_text,
)


class SeedTable:
    """One table of the input, with its path.

    The methods that read a key return None if the key is absent. They also return None if the
    value is wrong, and then they report the mistake. `in` checks whether a key is present.
    """

    def __init__(self, report: Mistakes, path: str, data: Mapping[str, object]) -> None:
        """Create a table from plain data."""
        self.report = report
        self.path = path
        self._data = data

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def path_of(self, key: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> object:
        """Return a value as it is."""
        return self._data.get(key)

    def problem(self, key: str, rule: str) -> None:
        """Report a mistake at a key; at the table itself if the key is empty."""
        self.report.problem(self.path_of(key) if key else self.path, rule)

    def warn(self, key: str, text: str) -> None:
        """Report a warning at a key; at the table itself if the key is empty."""
        self.report.warn(self.path_of(key) if key else self.path, text)

    def require(self, *keys: str) -> bool:
        """Report each missing key; return whether all keys are present."""
        missing = [key for key in keys if key not in self._data]
        for key in missing:
            self.problem(key, "is missing")
        return not missing

    def unknown(self, known: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Return each unknown key, with a text that names the most similar known key."""
        return unknown_keys(self._data, known)

    def text(self, key: str, max_chars: int, *, may_be_empty: bool = False) -> str | None:
        """Read a string of at most `max_chars` characters, without control characters."""
        if key not in self._data:
            return None
        value = self._data[key]
        if not isinstance(value, str):
            self.problem(key, f"must be a string, not {type_name(value)}")
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
            self.problem(
                key, f"must be a whole number from {low} to {high}, not {type_name(value)}"
            )
            return None
        if not low <= value <= high:
            self.problem(key, f"must be a whole number from {low} to {high}")
            return None
        return value

    def items(self, key: str) -> list[tuple[str, object]]:
        """Read a list: each value with its path relative to this table, such as `domains[0]`."""
        if key not in self._data:
            return []
        value = self._data[key]
        if not isinstance(value, list):
            self.problem(key, f"must be a list, not {type_name(value)}")
            return []
        return [(f"{key}[{index}]", item) for index, item in enumerate(value)]

    def tables(self, key: str) -> list["SeedTable"]:
        """Read a list of tables."""
        found = []
        for item_path, item in self.items(key):
            if isinstance(item, dict):
                found.append(SeedTable(self.report, self.path_of(item_path), item))
            else:
                self.problem(item_path, f"must be a table, not {type_name(item)}")
        return found

    def host(self, key: str) -> str | None:
        """Read a host name, an IP address or a template."""
        if not self.require(key) or (text := self.text(key, HOST_MAX_CHARS)) is None:
            return None
        try:
            return check_host(text)
        except RuleBroken as broken:
            self.problem(key, str(broken))
            return None
