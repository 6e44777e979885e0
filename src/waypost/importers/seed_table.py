"""Read the tables of automx2's seeds, and report every mistake with its path."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from waypost.providers_file.models.rules import Integer, KeyRule
from waypost.providers_file.models.texts import PlainText
from waypost.providers_file.validation import Mistakes, type_name, unknown_keys
from waypost.providers_file.validators import RuleBroken


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

    def text(
        self, key: str, max_chars: int, check: Callable[[str], str] | None = None
    ) -> str | None:
        """Read a string, as a key of a providers file is read.

        Args:
            key: the key.
            max_chars: the length limit.
            check: checks the string further, and returns the string to use.
        """
        value = self._read(key, PlainText(max_chars, check))
        return value if isinstance(value, str) else None

    def integer(self, key: str, low: int, high: int) -> int | None:
        """Read a whole number from `low` to `high`."""
        value = self._read(key, Integer(low, high))
        return value if isinstance(value, int) else None

    def _read(self, key: str, rule: KeyRule) -> object:
        if key not in self._data:
            return None
        try:
            return rule.read(self._data[key])
        except RuleBroken as broken:
            self.problem(key, str(broken))
            return None

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
        tables = []
        for item_path, item in self.items(key):
            if isinstance(item, dict):
                tables.append(SeedTable(self.report, self.path_of(item_path), item))
            else:
                self.problem(item_path, f"must be a table, not {type_name(item)}")
        return tables
