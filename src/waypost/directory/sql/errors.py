"""All messages about a directory of the kind `sql`, and the conversion of database errors to them.

docs/directories/sql.md has a table of the messages, with the fix for each.
"""

import enum
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from waypost.core.errors import DirectoryBusy, DirectoryError, DirectoryUnavailable
from waypost.core.model import SqlDirectory
from waypost.core.redaction import redact_message
from waypost.database.display_url import url_secrets
from waypost.database.errors import Cause, cause_of, reason_of

DirectoryFailure = DirectoryError | DirectoryUnavailable


class SqlMessage(enum.StrEnum):
    """The texts. The fields in braces never contain a password or an address."""

    NO_URI = "no uri is set; set uri, uri_file or uri_env"
    URI_FILE = "uri_file: {path} cannot be read: {reason}"
    URI_FILE_EMPTY = "uri_file: the first line of {path} is empty"
    URI_ENV = "uri_env: the environment variable {name} is not set"
    BAD_URI = "uri: is not a database URI; write dialect+driver://user:password@host/database"
    UNKNOWN_KIND = "uri: Waypost does not support the database {name!r}"
    NO_DRIVER = "uri: the driver for {driver} is not installed; {fix}"
    NOT_A_FILE = "uri: must name an existing SQLite file, as sqlite:////var/lib/mail.sqlite"
    DRIVER_OPTIONS = "uri: the driver rejects the host or the options: {reason}"
    NO_FILE = (
        "uri: {path}: {reason}; check the path, and that Waypost may read the file and its folder"
    )
    NOT_SQLITE = "uri: {path}: {reason}; name a SQLite file"
    NO_SERVER = "{reason}; check the host and the port in uri, and that the server runs"
    NO_LOGIN = "{reason}; check the user and the password in uri"
    NO_DATABASE = "{reason}; check the name of the database in uri"
    FULL = "{reason}; let the server accept more connections, or lower max_searches"
    NO_QUERY = "has no query for users, only a domains_query"
    NO_DOMAINS_QUERY = "has no domains_query"
    UNKNOWN_NAME = "{option}: :{name} is not known"
    NO_TABLE = "{option}: {reason}; check the names of tables and columns"
    NO_RIGHT = "{option}: {reason}; allow the user in uri to SELECT from it"
    WRITES = "{option}: {reason}; the statement may only read"
    WRONG = "{option}: {reason}; correct the statement"
    NO_LOGIN_COLUMN = "query: returns no column login; write SELECT ... AS login"
    NO_ROWS = "{option}: is not a SELECT; write a SELECT"
    TOO_SLOW = (
        "{option}: took longer than time_limit_seconds ({seconds:g} s); add an index for the "
        "columns that it compares"
    )
    LOCKED = "{option}: {reason}; another process holds a lock"
    LOST = "{option}: {reason}; the connection was lost"
    BUSY = "all {connections} connections are in use; raise max_searches"
    AMBIGUOUS = "query: finds several rows for one address; the user counts as unknown"

    def for_directory(self, label: str, **fields: object) -> str:
        """Return the text for the directory of this name, with its fields filled in."""
        return f"directory {label}: {self.format(**fields)}"


# PostgreSQL's SQLSTATE (its manual, appendix A), the numbers of MySQL and MariaDB, and the names
# of SQLite's primary results.
_BY_CODE: Final[dict[SqlMessage, frozenset[object]]] = {
    SqlMessage.TOO_SLOW: frozenset({"57014", 1969, 3024, "SQLITE_INTERRUPT"}),
    SqlMessage.WRITES: frozenset({"25006", 1792, "SQLITE_READONLY"}),
    SqlMessage.NO_RIGHT: frozenset({"42501", 1142, 1143, 1370}),
    SqlMessage.NO_TABLE: frozenset({"42P01", "42703", "3F000", 1054, 1146}),
    SqlMessage.FULL: frozenset({"53300", 1040, 1203, 1226}),
    SqlMessage.NO_FILE: frozenset({"SQLITE_CANTOPEN"}),
    SqlMessage.NOT_SQLITE: frozenset({"SQLITE_NOTADB"}),
}
# A text has a character that the character set of the column or the database cannot encode.
_UNENCODABLE_CODES: Final[frozenset[object]] = frozenset({"22P05", "22021", 1267, 1271, 3854})
_FULL: Final = re.compile(r"too many (clients|connections)|connection slots")
_OPTIONS: Final = re.compile(r"invalid (dsn|connection option)")
_CAUSES: Final = {
    Cause.NO_DATABASE: SqlMessage.NO_DATABASE,
    Cause.NO_LOGIN: SqlMessage.NO_LOGIN,
    Cause.NO_SERVER: SqlMessage.NO_SERVER,
    Cause.NO_TABLE: SqlMessage.NO_TABLE,
    Cause.LOCKED: SqlMessage.LOCKED,
    Cause.TEMPORARY: SqlMessage.LOST,
    Cause.OTHER: SqlMessage.WRONG,
}
# A later attempt may succeed without any change.
_TEMPORARY: Final = frozenset(
    {SqlMessage.NO_SERVER, SqlMessage.FULL, SqlMessage.TOO_SLOW, SqlMessage.LOCKED, SqlMessage.LOST}
)


@contextmanager
def mapped_errors(
    directory: SqlDirectory, url: sa.URL, option: str, hidden: Sequence[str] = ()
) -> Iterator[None]:
    """Convert a driver's error to one that names the directory and the option.

    Args:
        directory: the configuration of the directory.
        url: the URL of the database.
        option: the option with the statement: `query` or `domains_query`.
        hidden: texts that the message must not repeat, such as the address.

    Raises:
        DirectoryUnavailable: a later attempt may succeed.
        DirectoryError: the operator must first fix the database or the configuration.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _directory_error(error, directory, url, option, hidden) from error
    except sa.exc.TimeoutError as error:
        message = SqlMessage.BUSY.for_directory(
            directory.label, connections=directory.limits.max_searches
        )
        raise DirectoryBusy(message) from error


def is_unencodable(error: BaseException | None) -> bool:
    """Return whether the database cannot encode a text, and so cannot contain it."""
    return isinstance(error, sa.exc.DBAPIError) and not _UNENCODABLE_CODES.isdisjoint(_codes(error))


def first_safe_line(text: str, url: sa.URL, hidden: Sequence[str] = ()) -> str:
    """Return the first line of a driver's text without the password and without hidden texts."""
    text = redact_message(text, url_secrets(url))
    for hidden_text in hidden:
        text = re.sub(rf"(?<=['\"`]){re.escape(hidden_text)}(?=['\"`@])", "...", text)
        text = text.replace(hidden_text, "...") if "@" in hidden_text else text
    return text.strip().partition("\n")[0]


def _directory_error(
    error: sa.exc.DBAPIError,
    directory: SqlDirectory,
    url: sa.URL,
    option: str,
    hidden: Sequence[str],
) -> DirectoryFailure:
    message = _message(error, url)
    text = message.for_directory(
        directory.label,
        option=option,
        path=first_safe_line(url.database or "", url),
        reason=first_safe_line(reason_of(error), url, hidden),
        seconds=directory.limits.time_limit_seconds,
    )
    return DirectoryUnavailable(text) if message in _TEMPORARY else DirectoryError(text)


def _message(error: sa.exc.DBAPIError, url: sa.URL) -> SqlMessage:
    codes = _codes(error)
    for message, message_codes in _BY_CODE.items():
        if not message_codes.isdisjoint(codes):
            return message
    reason = reason_of(error).lower()
    if "(timed out)" in reason:
        return SqlMessage.TOO_SLOW
    if _FULL.search(reason):
        return SqlMessage.FULL
    if _OPTIONS.search(reason):
        return SqlMessage.DRIVER_OPTIONS
    return _CAUSES[cause_of(error, url.get_backend_name())]


def _codes(error: sa.exc.DBAPIError) -> frozenset[object]:
    """Return the SQLSTATE, MySQL's number and SQLite's error name, if the error has them."""
    original = error.orig
    codes = {getattr(original, name, None) for name in ("sqlstate", "pgcode")}
    # SQLite's extended names begin with the name of the primary result.
    codes.add("_".join(getattr(original, "sqlite_errorname", "").split("_")[:2]))
    return frozenset({*codes, *getattr(original, "args", ())[:1]})
