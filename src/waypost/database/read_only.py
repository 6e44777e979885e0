"""Open a SQLite file that this process cannot write, such as one of another user."""

from pathlib import Path
from typing import Final
from urllib.parse import quote

from waypost.database.ownership import is_writable

# https://sqlite.org/fileformat2.html#file_format_version_numbers
_READ_VERSION_AT: Final = 19
_WAL_VERSION: Final = 2


def read_only_uri(path: Path) -> str | None:
    """Return the URI with which SQLite only reads a file; None if this process can write it.

    SQLite reads a database in WAL mode through files next to it. If no process has the database
    open, these files do not exist. A reader that cannot create them may then treat the database as
    immutable (https://sqlite.org/wal.html#read_only_databases), but only for one connection.
    """
    if not path.exists() or is_writable(path):
        return None
    log = path.with_name(f"{path.name}-wal")
    is_at_rest = _has_wal_mode(path) and not (log.exists() and log.stat().st_size)
    return f"file:{quote(f'{path}')}?mode=ro{'&immutable=1' if is_at_rest else ''}"


def _has_wal_mode(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_READ_VERSION_AT + 1)
    return head[_READ_VERSION_AT:] == bytes([_WAL_VERSION])
