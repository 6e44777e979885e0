"""The log of a command, which is apart from its result."""

from typing import Final

from waypost.runtime.logs import configure

_QUIET: Final = "CRITICAL"
_WARNINGS: Final = "WARNING"


def keep_quiet() -> None:
    """Disable the log of this process, because the command reports the same in its output."""
    configure(_QUIET, "console")


def log_warnings() -> None:
    """Write the warnings of the log to standard error, apart from the result."""
    configure(_WARNINGS, "console")
