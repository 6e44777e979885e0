"""The type of a rule of the linter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from waypost.diagnostics.diagnostic import DiagnosticCode
from waypost.diagnostics.lint.target import LintTarget


@dataclass(frozen=True, slots=True)
class Rule(DiagnosticCode):
    """One rule of the linter.

    The severity is `error` if the clients get no account, cannot log in, or send passwords in the
    clear. It is `note` if only PACC clients break, because few clients read PACC yet, or if lint
    cannot know whether the clients break.

    Attributes:
        check: yields the places where the rule applies; an empty text means all services.
    """

    check: Callable[[LintTarget], Iterator[str]] = field(kw_only=True)
