"""Check for the libraries that directories need: without one, users get the wrong login name."""

from waypost.core import model
from waypost.core.errors import DirectoryError
from waypost.directory.factory import open_directory


def missing_library(directory: model.Directory) -> str | None:
    """Check that the library of a directory loads; no connection is made.

    Args:
        directory: its configuration.

    Returns:
        A line with the name of the directory and the command that installs the library, if the
        library is missing or does not load; else None. Other errors are not reported here.
    """
    try:
        open_directory(directory).close()
    except DirectoryError as error:
        if isinstance(error.__cause__, ImportError):
            return f"{error}; until then no login name is looked up for its users"
    return None
