"""The database of a command, and the source of its URI."""

import re
from pathlib import Path
from typing import Final

from waypost.core.redaction import redact_uri
from waypost.settings.loading import LoadedSettings
from waypost.settings.sources import SourceKind

_RELATIVE: Final = re.compile(r"(sqlite(?:\+\w+)?:///)(?![/:]|file:)([^?]+)")


def database_of(loaded: LoadedSettings, cwd: Path) -> str | None:
    """Return the URI of the database without secrets; None if domains are not in a database.

    Args:
        loaded: the settings.
        cwd: where a relative path to a SQLite file begins.
    """
    settings = loaded.settings
    if settings.demo or settings.providers is not None:
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
