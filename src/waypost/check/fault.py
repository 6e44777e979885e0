"""What a check can find wrong: a code, how severe it is, what is wrong, and what to do."""

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning", "note"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")
"""The most severe first."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can be wrong.

    Attributes:
        code: never changes; scripts may rely on it.
        severity: `error` if mail or set-up fails for some users, `warning` if it will or may fail,
            `note` if nothing has to be done.
        message: what is wrong, as a clause.
        fix: what to do, as a clause.
    """

    code: str
    severity: Severity
    message: str
    fix: str
