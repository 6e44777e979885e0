"""The database of a command, and the source of its URI."""

import os
import re
from pathlib import Path
from typing import Final

from waypost.core.redaction import redact_uri
from waypost.settings.loading import LoadedSettings
from waypost.settings.sources import SourceKind
from waypost.settings.table import Settings
from waypost.settings.validators import in_memory

_RELATIVE: Final = re.compile(r"(sqlite(?:\+\w+)?:///)(?![/:]|file:)([^?]+)")
_FILE: Final = re.compile(r"sqlite(?:\+\w+)?:///(?!:|file:)([^?]+)")


def database_of(loaded: LoadedSettings, cwd: Path) -> str | None:
    """Return the URI of the database without secrets; None if domains are not in a database.

    Args:
        loaded: the settings.
        cwd: where a relative path to a SQLite file begins.
    """
    settings = loaded.settings
    if settings.uses_providers_file:
        return None
    uri = settings.db_uri
    if match := _RELATIVE.match(uri):
        uri = f"{match[1]}{cwd / match[2]}{uri[match.end() :]}"
    return redact_uri(uri)


def source_of_database(loaded: LoadedSettings) -> str:
    """Return the file, variable or flag that sets the database, as a text."""
    source = loaded.sources["db_uri"]
    if source.kind is SourceKind.DEFAULT:
        return "the default, because db_uri is not set"
    return f"db_uri in {source}" if source.kind is SourceKind.FILE else f"from {source}"


def lacks_database(settings: Settings, cwd: Path) -> bool:
    """Return whether no other process can use the database, because it has no file.

    A database of a server, and a file that only SQLite's own URI names, count as usable.

    Args:
        settings: all options.
        cwd: where a relative path to a SQLite file begins.
    """
    if in_memory(settings.db_uri):
        return True
    match = _FILE.match(settings.db_uri)
    return match is not None and not os.path.exists(cwd / match[1])  # noqa: PTH110 -- no error without permission
