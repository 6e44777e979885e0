"""From what is configured of a directory to the one who asks it."""

from waypost import model
from waypost.directory import Directory
from waypost.directory.sql.source import OpenSqlDirectory
from waypost.errors import DirectoryError
from waypost.model import FileDirectory, SqlDirectory


def open_directory(directory: model.Directory) -> Directory:
    """Open a directory; no connection is made yet.

    Raises:
        DirectoryError: a library is missing, or what is configured cannot be used.
    """
    if isinstance(directory, FileDirectory):
        message = "the kind file is not there yet"
    elif isinstance(directory, SqlDirectory):
        return OpenSqlDirectory(directory)
    else:
        message = "the kind ldap is not there yet"
    raise DirectoryError(message)
