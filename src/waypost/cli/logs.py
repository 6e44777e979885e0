"""The log of a command, which is apart from its result."""

from typing import Final

from waypost.runtime.logs import configure

_CRITICAL: Final = "CRITICAL"
_WARNINGS: Final = "WARNING"


def disable_log() -> None:
    """Disable the log of this process, because the command reports the same in its output."""
    configure(_CRITICAL, "console")


def log_only_warnings() -> None:
    """Write the warnings of the log to standard error, apart from the result."""
    configure(_WARNINGS, "console")
