"""What drivers complain about, as errors of a directory: one line that names what to mend."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from waypost.database.complaints import Cause, cause_of, reason_of
from waypost.directory.sql.messages import Message
from waypost.errors import DirectoryBusy, DirectoryError, DirectoryUnavailable
from waypost.model import SqlDirectory

Failure = DirectoryError | DirectoryUnavailable

# PostgreSQL's SQLSTATE (its manual, appendix A), or the numbers of MySQL and MariaDB.
_TOO_SLOW: Final = frozenset({"57014", 1969, 3024})
_WRITES: Final = frozenset({"25006", 1792})
_NO_RIGHT: Final = frozenset({"42501", 1142, 1143, 1370})
_NO_TABLE: Final = frozenset({"42P01", "42703", "3F000", 1054, 1146})
# A text has a character that the character set of a column or of the database does not have.
_CANNOT_HOLD: Final = frozenset({"22P05", "22021", 1267, 1271, 3854})
_FULL: Final = re.compile(r"too many (clients|connections)|connection slots")
_SQLITE: Final = {
    "SQLITE_INTERRUPT": Message.TOO_SLOW,
    "SQLITE_READONLY": Message.WRITES,
    "SQLITE_CANTOPEN": Message.NO_FILE,
    "SQLITE_NOTADB": Message.NOT_SQLITE,
}
_CAUSES: Final = {
    Cause.NO_DATABASE: Message.NO_DATABASE,
    Cause.NO_LOGIN: Message.NO_LOGIN,
    Cause.NO_SERVER: Message.NO_SERVER,
    Cause.NO_TABLE: Message.NO_TABLE,
    Cause.LOCKED: Message.LOCKED,
    Cause.PASSING: Message.LOST,
    Cause.OTHER: Message.WRONG,
}
# Asking later may help, and nobody need mend anything here.
_PASSING: Final = frozenset(
    {Message.NO_SERVER, Message.FULL, Message.TOO_SLOW, Message.LOCKED, Message.LOST}
)


@contextmanager
def mapped_errors(
    directory: SqlDirectory, url: sa.URL, option: str, hidden: Sequence[str] = ()
) -> Iterator[None]:
    """Turn a driver's complaint into an error that names the directory and the option.

    Args:
        directory: whose database it is.
        url: where the database is.
        option: what was asked: `query` or `domains_query`.
        hidden: texts that the message must not repeat, such as the address.

    Raises:
        DirectoryUnavailable: trying again later may help.
        DirectoryError: the database or the configuration must be mended first.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _mapped(error, directory, url, option, hidden) from error
    except sa.exc.TimeoutError as error:
        message = Message.BUSY.of(directory.label, connections=directory.limits.max_searches)
        raise DirectoryBusy(message) from error


def cannot_hold(error: BaseException | None) -> bool:
    """Tell whether the database has no character set for a text, so that it cannot know it."""
    return isinstance(error, sa.exc.DBAPIError) and _code(error) in _CANNOT_HOLD


def clean(text: str, url: sa.URL, hidden: Sequence[str] = ()) -> str:
    """Give one line of a driver without the password, and without texts that must stay hidden."""
    for secret in (url.password, *url.query.values()):
        for one in (secret,) if isinstance(secret, str) else secret or ():
            # A short word such as `1` is a setting, and would be found everywhere.
            text = text.replace(one, "***") if len(one) > 3 else text
    for one in hidden:
        text = re.sub(rf"(?<=['\"`]){re.escape(one)}(?=['\"`@])", "...", text)
        text = text.replace(one, "...") if "@" in one else text
    return text.strip().partition("\n")[0]


def _mapped(
    error: sa.exc.DBAPIError,
    directory: SqlDirectory,
    url: sa.URL,
    option: str,
    hidden: Sequence[str],
) -> Failure:
    message = _message(error, url)
    text = message.of(
        directory.label,
        option=option,
        path=url.database,
        reason=clean(reason_of(error), url, hidden),
        seconds=directory.limits.time_limit_seconds,
    )
    return DirectoryUnavailable(text) if message in _PASSING else DirectoryError(text)


def _message(error: sa.exc.DBAPIError, url: sa.URL) -> Message:
    code = _code(error)
    reason = reason_of(error).lower()
    by_code = {
        Message.TOO_SLOW: code in _TOO_SLOW or "(timed out)" in reason,
        Message.WRITES: code in _WRITES,
        Message.NO_RIGHT: code in _NO_RIGHT,
        Message.NO_TABLE: code in _NO_TABLE,
        Message.FULL: _FULL.search(reason) is not None,
    }
    if found := next((message for message, holds in by_code.items() if holds), None):
        return found
    if isinstance(code, str) and (message := _SQLITE.get(code)) is not None:
        return message
    return _CAUSES[cause_of(error, url.get_backend_name())]


def _code(error: sa.exc.DBAPIError) -> str | int | None:
    """Give SQLSTATE, MySQL's number or the name of SQLite's error."""
    original = error.orig
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):
        if isinstance(code := getattr(original, name, None), str):
            # SQLite's extended names begin with the primary one.
            return "_".join(code.split("_")[:2]) if name == "sqlite_errorname" else code
    arguments: tuple[object, ...] = getattr(original, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None
