"""Reports for commands: libraries that directories need and that are not installed."""

from collections.abc import Iterable

from waypost.core.model import Directory
from waypost.directory.factory import missing_library


def missing_libraries(directories: Iterable[Directory]) -> tuple[str, ...]:
    """Return a line for each directory whose library is missing, with the install command."""
    return tuple(
        line for directory in directories if (line := missing_library(directory)) is not None
    )
