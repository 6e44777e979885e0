"""What is told about one row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PROBLEM_MAX_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that does not say what automx2's operator may have meant.

    Attributes:
        table: one of automx2's seven.
        key: the id of the row; of a link both ids, as `4000/3000`.
        problem: what is wrong.
        effect: what Waypost does about it.
    """

    table: str
    key: str
    problem: str
    effect: str

    def __str__(self) -> str:
        """Return one line for people, with the values of the row as `repr` writes them, cut."""
        problem = self.problem
        if len(problem) > PROBLEM_MAX_CHARS:
            problem = f"{problem[:PROBLEM_MAX_CHARS]}…"
        return f"{self.table} {self.key}: {problem}; {self.effect}"


Told = Callable[[Finding], None]
"""Called with each row that serves nobody, and why."""


def untold(_finding: Finding) -> None:
    """Tell nobody."""
