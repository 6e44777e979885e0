"""From what is configured of a directory to the one who asks it."""

from waypost import model
from waypost.directory import Directory
from waypost.directory.file.source import FileSource
from waypost.errors import DirectoryError
from waypost.model import FileDirectory, SqlDirectory


def open_directory(directory: model.Directory) -> Directory:
    """Open a directory; no connection is made yet.

    Raises:
        DirectoryError: a library is missing, or what is configured cannot be used.
    """
    if isinstance(directory, FileDirectory):
        return FileSource(directory)
    if isinstance(directory, SqlDirectory):
        message = "the kind sql is not there yet"
    else:
        message = "the kind ldap is not there yet"
    raise DirectoryError(message)
