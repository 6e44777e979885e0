"""The path of one-time links, and what the log shows of paths below it."""

from typing import Final

PATH: Final = "/setup"
HIDDEN_LINK: Final = "/setup/-"
_BELOW: Final = "/setup/"


def is_below(path: str) -> bool:
    """Return whether a path is below `/setup/`: a program has moved the fragment into the path."""
    return path.lower().startswith(_BELOW) and path.rstrip("/") != PATH
