"""What a rule of the linter is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.check.lint_clients import Client
from waypost.check.offered import Offered


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for.

    Attributes:
        code: never changes; scripts may rely on it.
        clients: whom it breaks, the most used first.
        check: gives the places where it is found; an empty text stands for the whole offer.
        why: what goes wrong, as a clause.
        cure: what to do, as a clause.
    """

    code: str
    clients: tuple[Client, ...]
    check: Callable[[Offered], Iterator[str]]
    why: str
    cure: str
