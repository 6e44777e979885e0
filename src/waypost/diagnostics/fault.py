"""The faults that a check can find: code, severity, what is wrong, and what to do."""

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning", "note"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")
"""All severities, the most severe first."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that a check can find.

    Attributes:
        code: never changes; scripts may rely on it.
        severity: `error` if mail or set-up fails for some users, `warning` if it will or may fail,
            `note` if nothing has to be done.
        message: what is wrong and what it affects, as a clause.
        fix: what the operator can do, as a clause.
    """

    code: str
    severity: Severity
    message: str
    fix: str
