"""The mistakes of a file, all reported at once."""

from pathlib import Path
from typing import Final

from waypost.core.errors import ProblemsError

MISTAKES_MAX: Final = 100


class Problems:
    """A collection of mistakes. The messages are logged, so none of them names a user."""

    def __init__(self, path: Path) -> None:
        """Create an empty collection for a file."""
        self._path = path
        self._lines: list[str] = []
        self._more = 0

    def add(self, line: int, rule: str) -> None:
        """Add a mistake on a line, from 1; 0 for the whole file."""
        if len(self._lines) >= MISTAKES_MAX:
            self._more += 1
            return
        self._lines.append(
            f"{self._path}: line {line}: {rule}" if line else f"{self._path}: {rule}"
        )

    def raise_if_any(self) -> None:
        """Raise an error if there are mistakes.

        Raises:
            ProblemsError: all mistakes, each one `FILE: line N: RULE`.
        """
        if self._lines:
            more = [f"{self._path}: and {self._more} more mistakes"] if self._more else []
            raise ProblemsError(self._lines + more)


def first_problem(error: ProblemsError) -> str:
    """Return the first mistake, and how many more there are."""
    first, *others = error.problems
    if not others:
        return first
    return f"{first} (and {len(others)} more)"
