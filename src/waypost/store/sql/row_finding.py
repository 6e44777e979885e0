"""A finding: a message about one row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PROBLEM_MAX_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class RowFinding:
    """A row that Waypost does not serve, or may not serve as the operator meant it.

    Attributes:
        table: the name of the table.
        key: the id of the row; of a link both ids, as `4000/3000`.
        problem: what is wrong.
        effect: what Waypost does with the row.
    """

    table: str
    key: str
    problem: str
    effect: str

    def __str__(self) -> str:
        """Return one line for people, shortened; values of the row are written by `repr`."""
        problem = self.problem
        if len(problem) > PROBLEM_MAX_CHARS:
            problem = f"{problem[:PROBLEM_MAX_CHARS]}…"
        return f"{self.table} {self.key}: {problem}; {self.effect}"


FindingSink = Callable[[RowFinding], None]
"""Called with each row that no answer uses, and the reason."""


def ignore_finding(_finding: RowFinding) -> None:
    """Ignore the finding."""
