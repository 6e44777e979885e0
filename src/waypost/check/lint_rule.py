"""What a rule of the linter is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.check.fault import Severity
from waypost.check.lint_clients import PACC, Client
from waypost.check.offered import Offered


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for.

    Attributes:
        code: never changes; scripts may rely on it.
        clients: whom it breaks, the most used first.
        check: gives the places where it is found; an empty text stands for the whole offer.
        message: what goes wrong, as a clause.
        fix: what to do, as a clause.
        stated: `error` if clients that it breaks get no account, cannot log in, or send passwords
            in the clear; `note` if lint cannot know whether it breaks them; None if the severity
            follows from the clients.
    """

    code: str
    clients: tuple[Client, ...]
    check: Callable[[Offered], Iterator[str]]
    message: str
    fix: str
    stated: Severity | None = None

    @property
    def severity(self) -> Severity:
        """Return how severe it is: a note for PACC alone, which hardly any client reads yet."""
        return self.stated or ("note" if self.clients == (PACC,) else "warning")
