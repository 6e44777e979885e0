"""Open a SQLite file only to read it, such as one of another user."""

from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import sqlalchemy as sa

from waypost.database.ownership import is_writable

# https://sqlite.org/fileformat2.html#file_format_version_numbers
_READ_VERSION_AT: Final = 19
_WAL_VERSION: Final = 2


def read_only_uri(path: Path) -> str | None:
    """Return the URI with which SQLite only reads a file; None if this process can write it."""
    if not path.exists() or is_writable(path):
        return None
    name, parameters = _reading(path)
    return f"{name}?{urlencode(parameters)}"


def reading_db_uri(path: Path) -> str:
    """Return the `db_uri` of a file that exists, to read it once without any change.

    No file is created next to it, unless a process has changed it and has not finished that.
    """
    name, parameters = _reading(path.absolute())
    url = sa.URL.create("sqlite", database=name, query={**parameters, "uri": "true"})
    return url.render_as_string(hide_password=False)


def _reading(path: Path) -> tuple[str, dict[str, str]]:
    """Return the URI with which SQLite only reads a file, and its parameters.

    SQLite reads a database in WAL mode through files next to it. If no process has the database
    open, these files do not exist. A reader that cannot create them may then treat the database as
    immutable (https://sqlite.org/wal.html#read_only_databases), but only for one connection.
    """
    log = path.with_name(f"{path.name}-wal")
    is_at_rest = _has_wal_mode(path) and not (log.exists() and log.stat().st_size)
    parameters = {"mode": "ro"} | ({"immutable": "1"} if is_at_rest else {})
    return f"file:{quote(f'{path}')}", parameters


def _has_wal_mode(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_READ_VERSION_AT + 1)
    return head[_READ_VERSION_AT:] == bytes([_WAL_VERSION])
