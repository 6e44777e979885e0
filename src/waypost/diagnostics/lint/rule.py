"""The type of a rule of the linter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.diagnostics.fault import Severity
from waypost.diagnostics.lint.clients import PACC, LintClient
from waypost.diagnostics.lint.target import LintTarget


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the linter.

    Attributes:
        code: never changes; scripts may rely on it.
        clients: the clients that it breaks, the most used first.
        check: yields the places where the rule applies; an empty text means the whole offer.
        message: what goes wrong and for which clients, as a clause.
        fix: what the operator can do, as a clause.
        stated: `error` if the clients get no account, cannot log in, or send passwords in the
            clear; `note` if lint cannot know whether the clients break; None if the severity
            follows from the clients.
    """

    code: str
    clients: tuple[LintClient, ...]
    check: Callable[[LintTarget], Iterator[str]]
    message: str
    fix: str
    stated: Severity | None = None

    @property
    def severity(self) -> Severity:
        """Return the severity: a note if only PACC breaks, because few clients read PACC yet."""
        return self.stated or ("note" if self.clients == (PACC,) else "warning")
