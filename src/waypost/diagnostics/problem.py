"""A code of a check, with all places where it was found."""

from collections.abc import Iterable
from dataclasses import dataclass

from waypost.diagnostics.fault import SEVERITIES, Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """A code, with all places where it was found.

    Attributes:
        message: what is wrong, as a clause.
        fix: what to do, as a clause.
        links: where the documentation explains it.
        places: where the problem was found, and what was seen there.
        count: the number of places, including those that are not in `places`.
        clients: the names of the clients that the problem breaks, as far as that is known.
        reach: how many clients the problem may break; the greatest number comes first.
        is_cause: other findings follow from this one, or are not possible because of it.
    """

    code: str
    severity: Severity
    message: str
    fix: str
    links: tuple[str, ...]
    places: tuple[str, ...]
    count: int
    clients: tuple[str, ...] = ()
    reach: int = 0
    is_cause: bool = False


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems by severity, then by the number of clients; causes are first of all."""
    return sorted(
        problems,
        key=lambda one: (not one.is_cause, SEVERITIES.index(one.severity), -one.reach),
    )
