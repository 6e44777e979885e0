"""Read the URI of a directory's database from the configuration, a file or the environment."""

import os

import sqlalchemy as sa

from waypost.core.errors import DirectoryError
from waypost.core.model import SqlDirectory
from waypost.database.drivers import with_driver
from waypost.directory.sql.errors import SqlMessage
from waypost.runtime.regular_file import read_first_line, reason_of


def read_url(directory: SqlDirectory) -> sa.URL:
    """Read the current URI.

    Raises:
        DirectoryError: the URI is missing, or is not a database URI.
    """
    text = _text(directory)
    try:
        return with_driver(sa.make_url(text))
    except (sa.exc.ArgumentError, ValueError) as error:
        # The reason would repeat a part of the URI, which may be the password.
        raise DirectoryError(SqlMessage.BAD_URI.for_directory(directory.label)) from error


def _text(directory: SqlDirectory) -> str:
    uri, label = directory.uri, directory.label
    if uri.file is not None:
        return _first_line(uri.file, label)
    if uri.variable is not None:
        text = os.environ.get(uri.variable, "").strip()
        if not text:
            raise DirectoryError(SqlMessage.URI_ENV.for_directory(label, name=uri.variable))
        return text
    if uri.value is None:
        raise DirectoryError(SqlMessage.NO_URI.for_directory(label))
    return uri.value


def _first_line(path: str, label: str) -> str:
    try:
        line = read_first_line(path).strip()
    except UnicodeDecodeError as error:
        message = SqlMessage.URI_FILE.for_directory(label, path=path, reason="it is not UTF-8")
        raise DirectoryError(message) from error
    except OSError as error:
        message = SqlMessage.URI_FILE.for_directory(label, path=path, reason=reason_of(error))
        raise DirectoryError(message) from error
    if not line:
        raise DirectoryError(SqlMessage.URI_FILE_EMPTY.for_directory(label, path=path))
    return line
